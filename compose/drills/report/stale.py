"""Which requests let somebody in whom an invalidation had already thrown out everywhere.

The rule is `checkers.stale_accept`'s; here a drill's history is put into its terms. Two of the model switches make an
acceptance right that would be wrong otherwise, and are looked at here.
"""

from collections.abc import Callable, Iterable

from compose.drills.checkers import stale_accept
from compose.drills.checkers.stale_accept import NEVER, Answer, Invalidation, Request, Session
from compose.drills.history.history import NEVER_NS, History, Operation
from compose.drills.history.records import OpKind, Outcome
from shared.actions import Action
from shared.contract import KnownVia


def stale_operations(history: History) -> dict[int, int]:
    """For each stale operation, by number, the act that had ended what it showed."""
    switches = history.opened.switches
    acts = [act for act in history.operations if _is_invalidating(act, switches)]
    if not acts:
        return {}
    births = _Births(history)
    clears_tokens = bool(switches.get("rest_delete_clears_tokens", True))
    token_acts = [act for act in acts if clears_tokens or act.invoke.action is not Action.REST_END_SESSION]
    spares = bool(switches.get("own_password_change_spares_current", False))
    return {
        **_judge(history, acts, births.of_session, KnownVia.SESSION, spares_current=spares),
        **_judge(history, token_acts, births.of_token, KnownVia.REMEMBER_ME, spares_current=False),
    }


def _is_invalidating(operation: Operation, switches: dict[str, object]) -> bool:
    action = operation.invoke.action
    if operation.kind is not OpKind.ACT or action is None or operation.invoke.victim is None:
        return False
    return action is not Action.DEACTIVATE or bool(switches.get("deactivation_ends_sessions", False))


def _judge(
    history: History,
    acts: Iterable[Operation],
    born_ns: Callable[[Operation], int | None],
    via: KnownVia,
    *,
    spares_current: bool,
) -> dict[int, int]:
    calls = {_call(act): act for act in acts}
    asked: dict[Request, Operation] = {}
    for operation in history.operations:
        born = born_ns(operation) if operation.is_let_in and operation.known_via is via else None
        if born is not None:
            asked[_request(operation, born)] = operation
    found = stale_accept.judge(stale_accept.History(list(asked), list(calls)))
    pairs = ((asked[one.request], calls[one.invalidation]) for one in found.stale)
    return {
        request.number: act.number
        for request, act in pairs
        if not (spares_current and act.user == request.user and act.invoke.session == request.invoke.session)
    }


def _call(act: Operation) -> Invalidation:
    done = act.outcome is Outcome.OK and (act.status or 500) < 400
    ended = NEVER if act.ended_ns == NEVER_NS else act.ended_ns
    return Invalidation(act.invoke.victim or "", act.node or "", act.started_ns, act.ended_ns if done else None, ended)


def _request(operation: Operation, born_ns: int) -> Request:
    shown = f"{operation.invoke.session}/{operation.number}"
    session = Session(shown, operation.user, operation.node or "", born_ns)
    return Request(session, operation.started_ns, operation.ended_ns, Answer.ACCEPTED)


class _Births:
    """When what somebody shows was given to him: the end of the operation whose answer gave it, else of his login."""

    def __init__(self, history: History) -> None:
        self._by_number = history.by_number
        self._sessions: dict[str, int] = {}
        self._tokens: dict[str, int] = {}
        for operation in history.operations:
            answer = operation.completion
            if answer is None:
                continue
            if answer.session is not None:
                self._sessions.setdefault(answer.session, answer.real_ns)
            if answer.token is not None:
                self._tokens.setdefault(answer.token, answer.real_ns)

    def of_session(self, operation: Operation) -> int | None:
        return self._of(operation, operation.invoke.session, self._sessions)

    def of_token(self, operation: Operation) -> int | None:
        return self._of(operation, operation.invoke.token, self._tokens)

    def _of(self, operation: Operation, shown: str | None, given: dict[str, int]) -> int | None:
        if shown is not None and shown in given:
            return given[shown]
        login = self._by_number.get(operation.invoke.login_op or -1)
        return None if login is None or login.ended_ns == NEVER_NS else login.ended_ns
