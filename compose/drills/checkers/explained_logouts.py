"""`explained-logouts`: has every logout, throw-out and silent re-authentication exactly one cause?"""

from collections import Counter

from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.checkers.spurious_logout import answered_logged_in
from compose.drills.finding import Evidence, Finding, Measure
from compose.drills.logout import Cause, Logout
from compose.drills.scenario.model import Part


class Settings(Part):
    """`causes`: no other ones may occur. Default: any cause will do."""

    causes: list[Cause] | None = None

    def is_fine(self, logout: Logout) -> bool:
        return logout.is_explained and (self.causes is None or logout.cause in self.causes)


def check(scope: Scope, settings: Settings) -> Finding:
    logouts = scope.logouts
    bad = [logout for logout in logouts if not settings.is_fine(logout)]
    by_cause = Counter(logout.cause.value for logout in logouts)
    listed = ", ".join(f"{cause} {count}" for cause, count in by_cause.most_common())
    checked = max(len(logouts), answered_logged_in(scope))
    return judged(
        map(_evidence, bad),
        checked,
        good=f"Each of {several(len(logouts), 'logout')} has its cause: {listed}."
        if logouts
        else f"In {several(checked, 'request')} nobody was logged out.",
        bad=f"{len(bad)} of {several(len(logouts), 'logout')} {_what(settings)}: {listed}.",
        nothing="Nobody who was logged in was answered by a node.",
        measures={cause: Measure(count) for cause, count in by_cause.items()},
    )


def _what(settings: Settings) -> str:
    return "without a cause that the history bears out" if settings.causes is None else "with a cause not expected"


def _evidence(logout: Logout) -> Evidence:
    text = f"{logout.user}, {logout.kind}, {logout.cause}: {' '.join(logout.chain)}"
    return Evidence(text, (*logout.because_of, logout.op), logout.real_ns, logout.user, logout.node)


EXPLAINED_LOGOUTS = Checker("Has every logout exactly one cause?", check, Settings)
