"""`stale-window`: for how long after an act did a node go on accepting what the act had ended?"""

from statistics import fmean

from compose.drills.case.scope import Scope
from compose.drills.case.stale import StaleWindow, windows_of
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding, Measure, Unit
from compose.drills.scenario.model import Duration, Part, is_policy


class Settings(Part):
    """`at-most`: how long a window may be, in policy or real time. Without it: as long as a Crowd entry lives."""

    at_most: Duration | None = None


def check(scope: Scope, settings: Settings) -> Finding:
    windows = windows_of(scope.stale)
    checked = len({(one.act.operation.number, one.operation.node) for one in scope.stale_opportunities})
    limit = settings.at_most
    if limit is None:
        limit_ms, in_policy = scope.case.limits.crowd_ttl_ms, True
    else:
        limit_ms, in_policy = limit.ms, is_policy(limit)
    too_long = [w for w in windows if limit_ms is not None and (w.policy_ms if in_policy else w.real_ms) > limit_ms]
    clock = "policy" if in_policy else "real"
    told = "no limit is known" if limit_ms is None else f"the limit is {duration(limit_ms)} ({clock})"
    longest = f"the longest was {_words(windows[0])}" if windows else "there was none"
    return judged(
        map(_evidence, too_long),
        checked,
        good=f"{several(len(windows), 'stale window')}; {longest}; {told}.",
        bad=f"{several(len(too_long), 'stale window')} too long; {longest}; {told}.",
        nothing="No node was asked by anybody whose session an act had ended.",
        measures=measures_of(windows),
    )


def measures_of(windows: list[StaleWindow]) -> dict[str, Measure]:
    """Over the windows that were open at all."""
    if not windows:
        return {}
    return {
        "windows": Measure(len(windows)),
        "max": Measure(max(window.policy_ms for window in windows), Unit.POLICY_MS),
        "mean": Measure(fmean(window.policy_ms for window in windows), Unit.POLICY_MS),
        "real-max": Measure(max(window.real_ms for window in windows), Unit.REAL_MS),
        "real-mean": Measure(fmean(window.real_ms for window in windows), Unit.REAL_MS),
    }


def _words(window: StaleWindow) -> str:
    return f"{duration(window.policy_ms)} (policy), {duration(window.real_ms)} (real) on {window.node}"


def _evidence(window: StaleWindow) -> Evidence:
    last = window.last.operation
    text = (
        f"{window.node} accepted {window.account} until {_words(window)} after: {window.act.words}; "
        f"{several(window.accepts, 'stale accept')}"
    )
    return Evidence(text, (window.act.operation.number, last.number), last.started_ns, window.account, window.node)


STALE_WINDOW = Checker("For how long did a node accept what an act had ended?", check, Settings)
