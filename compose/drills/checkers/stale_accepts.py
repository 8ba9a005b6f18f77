"""`stale-accept`: was anybody let in by something older than an act that had ended it, after the act had returned?"""

from compose.drills.case.scope import Scope
from compose.drills.case.stale import StaleAccept
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding, Measure, Unit
from compose.drills.scenario.model import Part, Real
from shared.actions import Action


class Settings(Part):
    """`actions`: only after these acts. `grace`: what was sent so soon after the return does not count."""

    actions: list[Action] | None = None
    grace: Real | None = None

    def counts(self, one: StaleAccept) -> bool:
        late_enough = self.grace is None or one.late_real_ms >= self.grace.ms
        return late_enough and (self.actions is None or one.act.action in self.actions)


def check(scope: Scope, settings: Settings) -> Finding:
    stale = [one for one in scope.stale if settings.counts(one)]
    checked = sum(map(settings.counts, scope.stale_opportunities))
    return judged(
        map(evidence_of, stale),
        checked,
        good=f"None of {several(checked, 'request')} after an invalidation was let in by something older.",
        bad=f"{len(stale)} of {several(checked, 'request')} let in by something that had been invalidated.",
        nothing="No request after an invalidation could have been let in by something older.",
        measures={"stale-accepts": Measure(len(stale)), "share": Measure(len(stale) / checked, Unit.RATIO)}
        if checked
        else {},
    )


def evidence_of(one: StaleAccept) -> Evidence:
    operation = one.operation
    text = (
        f"{operation.node} took {operation.user} for {one.account} by {operation.known_via}, "
        f"{duration(one.late_policy_ms)} (policy), {duration(one.late_real_ms)} (real) after: {one.act.words}"
    )
    numbers = (one.act.operation.number, operation.number)
    return Evidence(text, numbers, operation.started_ns, operation.user, operation.node)


STALE_ACCEPT = Checker("Was anybody let in by something that an invalidation had already ended?", check, Settings)
