"""`stickiness`: people are answered by the node they are bound to, unless that node was not there for them."""

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, judged
from compose.drills.finding import Evidence, Finding, Measure
from compose.drills.history.history import Operation
from compose.drills.scenario.model import Part, Real, real


class Settings(Part):
    """`settle`: for so long after a node is back the balancer may still send its people elsewhere."""

    settle: Real = real("30s")


def check(scope: Scope, settings: Settings) -> Finding:
    bound = [(operation, node) for operation in scope.operations if (node := bound_node(scope.case, operation))]
    moved = [(operation, node) for operation, node in bound if operation.node != node]
    bad = [
        _evidence(operation, node)
        for operation, node in moved
        if not scope.case.troubles.of(
            node,
            _since_ns(scope.case, operation),
            operation.ended_ns,
            settle_ns=round(settings.settle.ms * 1e6),
            but="stickiness",
        )
    ]
    return judged(
        bad,
        len(bound),
        good=f"{several(len(bound), 'request')} of people bound to a node; {len(moved)} went elsewhere, "
        "each while that node was not available.",
        bad=f"{several(len(bad), 'request')} went to another node though the one they were bound to was there.",
        nothing="No request named a node that its sender was bound to.",
        measures={"moved": Measure(len(moved))},
    )


def bound_node(case: Case, operation: Operation) -> str | None:
    """The node that a request answered by a node belonged to: by its route, else by where its session is."""
    if not operation.is_answered_by_node:
        return None
    if operation.invoke.bound_to is not None:
        return operation.invoke.bound_to if operation.invoke.bound_to in case.nodes else None
    born = case.credentials.session_shown(operation)
    return None if born is None or born.login is None or case.credentials.is_foreign(born.by) else born.node


def _since_ns(case: Case, operation: Operation) -> int:
    """A route that is named was learnt from the last answer. One that was lost can have been so since the session's
    birth."""
    if operation.invoke.bound_to is not None:
        return operation.started_ns
    born = case.credentials.session_shown(operation)
    return operation.started_ns if born is None else born.by.ended_ns


def _evidence(operation: Operation, node: str) -> Evidence:
    route = operation.completion.route if operation.completion else None
    said = f"; the balancer says: {route}" if route else ""
    text = f"{operation.user} was bound to {node} and was answered by {operation.node}{said}"
    return Evidence(text, (operation.number,), operation.started_ns, operation.user, operation.node)


STICKINESS = Checker("Were people sent to another node only when their own was not available?", check, Settings)
