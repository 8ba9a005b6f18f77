"""`availability`: how many requests had no proper answer, and for how long did nobody get one?"""

from pydantic import Field

from compose.drills.case.outages import outages
from compose.drills.case.scope import Scope
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding, Measure, Unit
from compose.drills.history.history import Operation
from compose.drills.scenario.model import Part, Real


class Settings(Part):
    """`failed-at-most` is a share of all requests; `gap-at-most` the longest stretch without a good answer."""

    failed_at_most: float = Field(0.0, ge=0, le=1)
    gap_at_most: Real | None = None


def check(scope: Scope, settings: Settings) -> Finding:
    operations = scope.operations
    failed = [operation for operation in operations if operation.is_failed]
    share = len(failed) / len(operations) if operations else 0.0
    longest = max(outages(operations, ends_ns=scope.ends_ns), key=lambda one: one.real_ms, default=None)
    gap_ms = 0.0 if longest is None else longest.real_ms
    bad = [_evidence(operation) for operation in failed] if share > settings.failed_at_most else []
    if longest is not None and settings.gap_at_most is not None and gap_ms > settings.gap_at_most.ms:
        numbers = tuple(operation.number for operation in longest.failed[:20])
        bad.append(Evidence(f"for {duration(gap_ms)} (real) nobody got a good answer", numbers, longest.starts_ns))
    told = f"{len(failed)} of {several(len(operations), 'request')} failed ({share:.2%}); the longest gap was "
    told += f"{duration(gap_ms)} (real)."
    return judged(
        bad,
        len(operations),
        good=told,
        bad=told,
        nothing="Nobody asked for anything.",
        measures={
            "failed": Measure(len(failed)),
            "failed-share": Measure(share, Unit.RATIO),
            "longest-gap": Measure(gap_ms, Unit.REAL_MS),
        },
    )


def _evidence(operation: Operation) -> Evidence:
    answer = operation.completion
    if answer is None:
        why = "never ended"
    elif answer.balancer_error is not None:
        why = f"the balancer answered {answer.status}: {answer.balancer_error}"
    else:
        why = answer.error or f"{answer.node} answered {answer.status}"
    text = f"{operation.user}: {operation.invoke.method} {operation.invoke.path}: {why}"
    return Evidence(text, (operation.number,), operation.started_ns, operation.user, operation.node)


AVAILABILITY = Checker("Was everybody answered?", check, Settings)
