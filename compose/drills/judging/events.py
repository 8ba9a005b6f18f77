"""Events of a history: which operations are one, and which could have been.

Without anything that could have been one, *never* and *always* say nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from compose.drills.case.scope import Scope, same
from compose.drills.case.troubles import struck_nodes
from compose.drills.case.words import Clockface
from compose.drills.finding import Evidence
from compose.drills.history.history import Operation
from compose.drills.history.records import OpKind
from compose.drills.logout import LogoutKind
from compose.drills.metrics.service import is_moved
from compose.drills.scenario.expectations import Event
from shared.contract import KnownVia

_Test = Callable[[Operation], bool]


def _asks(operation: Operation) -> bool:
    return operation.is_answered_by_node and operation.kind in (OpKind.BROWSE, OpKind.WRITE)


def _shows_something(operation: Operation) -> bool:
    invoke = operation.invoke
    return operation.is_answered_by_node and (invoke.session is not None or invoke.token is not None)


def _shows_token(operation: Operation) -> bool:
    return operation.is_answered_by_node and operation.invoke.token is not None


def _is_bound(operation: Operation) -> bool:
    return operation.is_answered_by_node and operation.invoke.bound_to is not None


def _logs_in(operation: Operation) -> bool:
    return operation.is_answered_by_node and operation.kind is OpKind.LOGIN


def _could_be_thrown_out(operation: Operation) -> bool:
    return operation.is_answered_by_node and operation.invoke.login_op is not None


_TESTS: Mapping[Event, tuple[_Test, _Test]] = {
    Event.REQUEST: (lambda _: True, lambda _: True),
    Event.ACCEPTED: (_shows_something, lambda operation: operation.is_let_in),
    Event.REFUSED: (_asks, lambda operation: operation.known_via is KnownVia.NOBODY),
    Event.FAILED: (lambda _: True, lambda operation: operation.is_failed),
    Event.LOGIN: (_logs_in, lambda operation: operation.known_via is KnownVia.LOGIN),
    Event.LOGIN_FAILED: (_logs_in, lambda operation: operation.known_via is not KnownVia.LOGIN),
    Event.SILENT: (_shows_token, lambda operation: operation.known_via is KnownVia.REMEMBER_ME),
    Event.MOVED: (_is_bound, is_moved),
}
"""For each event: which operations could have been one, and which of those were."""


@dataclass(frozen=True, slots=True)
class Case:
    """Something that was an event, or could have been; `real_ns` is when."""

    real_ns: int
    is_event: bool
    evidence: Evidence


def cases_of(event: Event, scope: Scope) -> list[Case]:
    """In the order they happened. What `where` says of the outcome, status and cause, makes an event and no
    opportunity."""
    if event is Event.FAULT:
        return _faults(scope)
    where = scope.where
    wider = replace(scope, where=where.model_copy(update={"status": None, "cause": None}))
    clock = Clockface(scope.history.opened.policy_ms)
    if event is Event.THROWN_OUT:
        return _thrown_out(scope, wider, clock)
    could, was = _TESTS[event]
    opportunities = wider.operations
    if event is Event.REQUEST:
        # A request by somebody, or to somewhere, could have been any request.
        opportunities = Scope(scope.case, scope.window).operations
    return [
        Case(operation.started_ns, was(operation) and scope.fits(operation), evidence_of(operation, clock))
        for operation in opportunities
        if could(operation)
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


def _thrown_out(scope: Scope, wider: Scope, clock: Clockface) -> list[Case]:
    out = {logout.op: logout for logout in scope.logouts if logout.kind is LogoutKind.THROWN_OUT}
    found = []
    for operation in wider.operations:
        logout = out.get(operation.number)
        if logout is not None:
            text = " ".join(logout.chain)
            piece = Evidence(text, (*logout.because_of, logout.op), logout.real_ns, logout.user, logout.node)
            found.append(Case(operation.started_ns, True, piece))
        elif _could_be_thrown_out(operation):
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
