"""Events of a history: which operations are one, and which could have been.

Without anything that could have been one, *never* and *always* say nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from compose.drills.case.scope import ANYBODY, Scope, same
from compose.drills.case.troubles import struck_nodes
from compose.drills.case.words import Clockface
from compose.drills.finding import Evidence
from compose.drills.history.history import Operation
from compose.drills.history.records import OpKind
from compose.drills.logout import LogoutKind
from compose.drills.metrics.service import is_moved
from compose.drills.scenario.expectations import Event
from shared.contract import KnownVia, LoginReason, RouteReason
from shared.errors import OperatorError

_Test = Callable[[Operation], bool]
_FAILURES = frozenset({LoginReason.FAILED, LoginReason.DENIED, LoginReason.NOT_AUTHORISED})


def _anything(_operation: Operation) -> bool:
    return True


def _asks(operation: Operation) -> bool:
    return operation.kind in (OpKind.BROWSE, OpKind.WRITE)


def _shows_something(operation: Operation) -> bool:
    return operation.invoke.session is not None or operation.invoke.token is not None


def _logs_in(operation: Operation) -> bool:
    return operation.kind is OpKind.LOGIN


def _shows_password(operation: Operation) -> bool:
    """At the login page, or with a request, as scripts do."""
    return _logs_in(operation) or operation.known_via is KnownVia.BASIC or _password_failed(operation)


def _password_failed(operation: Operation) -> bool:
    if _logs_in(operation):
        return operation.known_via is not KnownVia.LOGIN
    answer = operation.completion
    if answer is None or operation.known_via is not KnownVia.NOBODY or operation.invoke.token is not None:
        return False  # a remember-me cookie can be denied too
    return answer.login_reason in _FAILURES


_TESTS: Mapping[Event, tuple[_Test, _Test]] = {
    Event.REQUEST: (_anything, _anything),
    Event.ACCEPTED: (_shows_something, lambda operation: operation.is_let_in),
    Event.REFUSED: (_asks, lambda one: one.is_answered_by_node and one.known_via is KnownVia.NOBODY),
    Event.FAILED: (_anything, lambda operation: operation.is_failed),
    Event.LOGIN: (_logs_in, lambda one: one.is_answered_by_node and one.known_via is KnownVia.LOGIN),
    Event.LOGIN_FAILED: (_shows_password, lambda one: one.is_answered_by_node and _password_failed(one)),
    Event.SILENT: (
        lambda operation: operation.invoke.token is not None,
        lambda one: one.is_answered_by_node and one.known_via is KnownVia.REMEMBER_ME,
    ),
    Event.MOVED: (lambda operation: operation.invoke.bound_to is not None, is_moved),
}
"""For each event: which operations could have been one, and which of those were."""
_PLACED = frozenset({RouteReason.NEW, RouteReason.REDISPATCHED, RouteReason.DRAINED})
_WITHOUT_A_NODE = frozenset({Event.REQUEST, Event.FAILED})
"""What can happen though no node answered."""


NO_CAUSE = "{} has no cause; only thrown-out has one, and metrics and checkers of logouts"


def has_cause(event: Event) -> bool:
    """One throw-out is one logout with its cause; what is refused afterwards is refused for no new one."""
    return event is Event.THROWN_OUT


@dataclass(frozen=True, slots=True)
class Case:
    """Something that was an event, or could have been; `real_ns` is when."""

    real_ns: int
    is_event: bool
    evidence: Evidence


def cases_of(event: Event, scope: Scope, *, must_be: bool = False) -> list[Case]:
    """In the order they happened. What `where` says of the outcome, status and cause, makes an event and no
    opportunity.

    A request that the balancer was free to place could have gone to the node asked for, wherever it went.
    What no node answered could not have been most events, and proves nothing by not being one. Where all `must_be`
    the event it counts all the same.

    Raises OperatorError for a cause where events have none.
    """
    if scope.where.cause is not None and not has_cause(event):
        raise OperatorError(NO_CAUSE.format(event))
    if event is Event.FAULT:
        return _faults(scope)
    where = scope.where
    outcome = {"status": None, "cause": None} | ({} if must_be else {"node": None})
    wider = replace(scope, where=where.model_copy(update=outcome))
    clock = Clockface(scope.history.opened.policy_ms)
    if event is Event.THROWN_OUT:
        return _thrown_out(scope, wider, clock)
    could, was = _TESTS[event]
    opportunities = wider.operations
    if event is Event.REQUEST:
        # A request by somebody, or to somewhere, could have been any request.
        opportunities = Scope(scope.case, scope.window).operations
        where = ANYBODY
    return [
        Case(operation.started_ns, was(operation) and scope.fits(operation), evidence_of(operation, clock))
        for operation in opportunities
        if could(operation)
        and _could_be_there(operation, where.node)
        and (must_be or event in _WITHOUT_A_NODE or _has_reached_a_node(operation))
    ]


def evidence_of(operation: Operation, clock: Clockface) -> Evidence:
    invoke, answer = operation.invoke, operation.completion
    if answer is None or answer.status is None:
        said = "no answer" if answer is None else f"no answer: {answer.error or operation.outcome}"
    else:
        by = answer.node or "the balancer"
        said = f"{by} answered {answer.status}, known by {operation.known_via}"
    text = f"{clock.at(invoke.policy_ms)} {invoke.user} {invoke.method} {invoke.path}: {said}"
    return Evidence(text, (operation.number,), operation.started_ns, operation.user, operation.node)


def _could_be_there(operation: Operation, node: str | None) -> bool:
    answer = operation.completion
    return same(node, operation.place) or (answer is not None and answer.route in _PLACED)


def _has_reached_a_node(operation: Operation) -> bool:
    """A node that answered with an error of its own could have answered otherwise."""
    return operation.node is not None and operation.status is not None


def _thrown_out(scope: Scope, wider: Scope, clock: Clockface) -> list[Case]:
    out = {logout.op: logout for logout in scope.logouts if logout.kind is LogoutKind.THROWN_OUT}
    found = []
    for operation in wider.operations:
        logout = out.get(operation.number)
        if logout is not None:
            text = " ".join(logout.chain)
            piece = Evidence(text, (*logout.because_of, logout.op), logout.real_ns, logout.user, logout.node)
            found.append(Case(operation.started_ns, True, piece))
        elif (
            _could_be_there(operation, scope.where.node)
            and operation.is_answered_by_node
            and operation.invoke.login_op is not None
        ):
            found.append(Case(operation.started_ns, False, evidence_of(operation, clock)))
    return found


def _faults(scope: Scope) -> list[Case]:
    """Faults that came into force; each that did not is an opportunity."""
    found = []
    for band in scope.history.faults:
        if band.injecting.real_ns not in scope.window:
            continue
        fits = same(scope.where.kind, band.kind) and (
            scope.where.node is None or same(scope.where.node, band.target, *struck_nodes(band, scope.case.nodes))
        )
        text = f"{band.kind} on {band.target}: {band.confirmed.detail if band.confirmed else 'not confirmed'}"
        found.append(Case(band.starts_ns, band.is_confirmed and fits, Evidence(text, real_ns=band.starts_ns)))
    return found
