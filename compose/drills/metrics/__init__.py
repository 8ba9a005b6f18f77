"""Numbers of a run, by the names that drills, thresholds and answers use. Pure functions of a history.

Adding one: a function with a docstring that says what it means and its unit, a line here, a test.
"""

from collections.abc import Mapping

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.finding import Measure, Unit
from compose.drills.history.history import History, Window
from compose.drills.metrics import draining, logins, service, staleness
from compose.drills.metrics.metric import Metric
from compose.nearest import unknown_word
from shared.errors import OperatorError

METRICS: Mapping[str, Metric] = {
    "forced-logins": Metric(Unit.COUNT, logins.forced_logins),
    "forced-logins-per-user": Metric(Unit.COUNT, logins.forced_logins_per_user),
    "users-hit-more-than-once": Metric(Unit.RATIO, logins.users_hit_more_than_once),
    "silent-logins": Metric(Unit.COUNT, logins.silent_logins),
    "silent-logins-per-user": Metric(Unit.COUNT, logins.silent_logins_per_user),
    "unexplained-logouts": Metric(Unit.COUNT, logins.unexplained_logouts),
    "prompts-per-user-per-day": Metric(Unit.COUNT, logins.prompts_per_user_per_day),
    "captcha-denied": Metric(Unit.COUNT, logins.captcha_denied),
    "lost-forms": Metric(Unit.COUNT, logins.lost_forms),
    "re-login-storm": Metric(Unit.COUNT, logins.re_login_storm),
    "stale-accepts": Metric(Unit.COUNT, staleness.stale_accepts),
    "stale-window-max": Metric(Unit.POLICY_MS, staleness.stale_window_max),
    "stale-window-mean": Metric(Unit.POLICY_MS, staleness.stale_window_mean),
    "stale-window-real-max": Metric(Unit.REAL_MS, staleness.stale_window_real_max),
    "invalidation-ms-p99": Metric(Unit.REAL_MS, staleness.invalidation_p99),
    "requests": Metric(Unit.COUNT, service.requests),
    "rate": Metric(Unit.COUNT, service.rate),
    "failed-requests": Metric(Unit.COUNT, service.failed_requests),
    "failed-rate": Metric(Unit.RATIO, service.failed_rate),
    "latency-p50": Metric(Unit.REAL_MS, service.latency_p50),
    "latency-p95": Metric(Unit.REAL_MS, service.latency_p95),
    "latency-p99": Metric(Unit.REAL_MS, service.latency_p99),
    "longest-outage": Metric(Unit.REAL_MS, service.longest_outage),
    "time-to-recover": Metric(Unit.REAL_MS, service.time_to_recover),
    "detection-time": Metric(Unit.REAL_MS, service.detection_time),
    "moved-requests": Metric(Unit.COUNT, service.moved_requests),
    "sessions-left": Metric(Unit.COUNT, draining.sessions_left),
    "time-to-empty": Metric(Unit.POLICY_MS, draining.time_to_empty),
}


def metric(name: str) -> Metric:
    """Raises OperatorError for a name there is not, with the nearest right word."""
    found = METRICS.get(name)
    if found is None:
        raise OperatorError(unknown_word(name, list(METRICS), kind="metric"))
    return found


def measure(name: str, history: History, window: Window | None = None) -> Measure:
    """One metric of one stretch of a history; default all of it."""
    return metric(name).measure(Scope(Case(history), window or Window()))
