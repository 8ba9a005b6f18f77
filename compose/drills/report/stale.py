"""Which requests let somebody in by a login that an invalidation had already ended everywhere.

The rule is `checkers.stale_accept`'s; here a drill's history is put into its terms. What somebody shows is as old as
the login it comes from, so a session that a stale cookie opened is stale too. The account counts, not the person: a
thief is let in as his victim. Two model switches make right what would be wrong otherwise, and are looked at here.
"""

from collections.abc import Mapping
from typing import Any

from compose.drills.checkers import stale_accept
from compose.drills.checkers.stale_accept import NEVER, Answer, Invalidation, Request, Session
from compose.drills.history.history import NEVER_NS, History, Operation
from compose.drills.history.records import OpKind, Outcome
from shared.actions import Action


def stale_operations(history: History) -> dict[int, int]:
    """For each stale operation, by number, the act that had ended what it showed."""
    switches = history.opened.switches if history.records else {}
    calls = {_call(act): act for act in history.operations if _is_invalidating(act, switches)}
    if not calls:
        return {}
    asked: dict[Request, Operation] = {}
    for operation in history.operations:
        login = history.by_number.get(operation.invoke.login_op or -1)
        if operation.is_let_in and login is not None and login.ended_ns != NEVER_NS:
            asked[_request(operation, login.ended_ns)] = operation
    found = stale_accept.judge(stale_accept.History(list(asked), list(calls)))
    spares = bool(switches.get("own_password_change_spares_current", False))
    pairs = ((asked[one.request], calls[one.invalidation]) for one in found.stale)
    return {request.number: act.number for request, act in pairs if not (spares and _is_own(act, request))}


def account_of(operation: Operation) -> str:
    """As whom it was served; without an answer, who asked."""
    answer = operation.completion
    return (answer and answer.username) or operation.user


def _is_invalidating(operation: Operation, switches: Mapping[str, Any]) -> bool:
    action = operation.invoke.action
    if operation.kind is not OpKind.ACT or action is None or operation.invoke.victim is None:
        return False
    return action is not Action.DEACTIVATE or bool(switches.get("deactivation_ends_sessions", False))


def _is_own(act: Operation, request: Operation) -> bool:
    """The session in which somebody changed his own password."""
    return act.invoke.action is Action.OWN_PASSWORD and act.invoke.session == request.invoke.session


def _call(act: Operation) -> Invalidation:
    done = act.outcome is Outcome.OK and (act.status or 500) < 400
    ended_ns = NEVER if act.ended_ns == NEVER_NS else act.ended_ns
    return Invalidation(
        act.invoke.victim or "", act.node or "", act.started_ns, act.ended_ns if done else None, ended_ns
    )


def _request(operation: Operation, born_ns: int) -> Request:
    # The number makes two requests with the same session at the same instant two.
    shown = f"{operation.invoke.session}/{operation.number}"
    session = Session(shown, account_of(operation), operation.node or "", born_ns)
    return Request(session, operation.started_ns, operation.ended_ns, Answer.ACCEPTED)
