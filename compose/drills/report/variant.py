"""One variant with everything the sections of the report ask of it, worked out once."""

from functools import cached_property

from compose.drills.case.case import Case
from compose.drills.history.history import History, Operation
from compose.drills.judging.judgement import Logout, VariantJudgement
from compose.drills.report.people import People
from compose.drills.report.run import VariantRun
from compose.drills.report.seen import Seen
from compose.drills.report.timeline import Timeline
from compose.drills.scenario.drill import ONLY


def title_of(variant: str) -> str:
    """What stands above it: a drill without variants has one that nobody named."""
    return "this run" if variant == ONLY else variant


class Variant:
    """`index` makes the ids of its elements: `v0-op12` is operation 12 of the first variant. All variants are drawn to
    one scale, from `starts_ns` to `ends_ns`. Only for variants that were begun."""

    def __init__(self, run: VariantRun, index: int, starts_ns: int, ends_ns: int) -> None:
        self.name = run.name
        self.prefix = f"v{index}"
        self.history: History = run.history
        self.judgement: VariantJudgement = run.judgement
        self.opened = run.history.opened
        self.timeline = Timeline(run.history, starts_ns, ends_ns)
        self.seen = Seen(Case(run.history))
        self.people = People(self.seen)

    def anchor(self, operation: int) -> str:
        """The id of an operation's mark in the lanes."""
        return f"{self.prefix}-op{operation}"

    @property
    def title(self) -> str:
        return title_of(self.name)

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Those it began with, those that joined later, and any other that answered."""
        later = [change.node for change in self.history.node_changes]
        answered = sorted({operation.node for operation in self.history.operations if operation.node})
        return tuple(dict.fromkeys([*self.opened.nodes, *later, *answered]))

    @cached_property
    def logouts(self) -> dict[int, Logout]:
        """By the operation at which they were noticed; as judged, or without a judgement as the history has it."""
        return {logout.op: logout for logout in self.judgement.logouts} or dict(self.seen.logouts)

    def describe(self, operation: Operation) -> str:
        """One operation in one line, both clocks, with what came of it and why."""
        invoke, answer = operation.invoke, operation.completion
        parts = [f"{self.timeline.both(invoke.real_ns, invoke.policy_ms)}", f"operation {operation.number}"]
        parts.append(f"{operation.user}: {invoke.method} {invoke.path}")
        if invoke.action is not None:
            parts.append(f"{invoke.action.sentence}: {invoke.victim}" if invoke.victim else invoke.action.sentence)
        parts.append(self.seen[operation].value)
        parts.append(operation.node or "no node answered")
        if answer is not None:
            details = (
                f"status {answer.status}" if answer.status is not None else None,
                f"known by {answer.known_via.value}" if operation.is_answered_by_node else None,
                f"session ended: {answer.session_ended}" if answer.session_ended else None,
                f"balancer: {answer.balancer_error.value}" if answer.balancer_error else None,
                answer.error,
            )
            parts += [detail for detail in details if detail]
        if operation.latency_ms is not None:
            parts.append(f"{operation.latency_ms:.1f} ms (real)")
        return " · ".join(parts)
