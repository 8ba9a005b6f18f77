"""Every end of a login that somebody noticed, in the order they were noticed, each with its cause."""

from collections.abc import Iterator
from dataclasses import replace

from compose.drills.case.causes import Causes, Ended, Explanation
from compose.drills.case.credentials import Credentials
from compose.drills.case.words import Clockface
from compose.drills.history.history import History, Operation
from compose.drills.history.records import OPERATORS, OpKind
from compose.drills.logout import Cause, Logout, LogoutKind
from shared.contract import KnownVia


class Logouts:
    """Goes through one person after the other. Who stays refused is thrown out once; who was let in meanwhile can be
    thrown out again."""

    def __init__(self, history: History, credentials: Credentials, causes: Causes) -> None:
        self._history = history
        self._credentials = credentials
        self._causes = causes
        self._clock = Clockface(history.opened.policy_ms)

    def all(self) -> tuple[Logout, ...]:
        found = [logout for operations in self._people() for logout in self._of(operations)]
        return tuple(sorted(found, key=lambda logout: logout.real_ns))

    def _people(self) -> Iterator[tuple[Operation, ...]]:
        """Everybody but operators, whose every act is a browser of its own."""
        for operations in self._history.by_user.values():
            yield tuple(operation for operation in operations if operation.invoke.group != OPERATORS)

    def _of(self, operations: tuple[Operation, ...]) -> Iterator[Logout]:
        over: set[int] = set()
        login: Operation | None = None
        before: Logout | None = None
        for operation in operations:
            if self._credentials.is_foreign(operation):
                continue
            kind = self._kind(operation, login)
            behind = login if operation.kind is OpKind.LOGIN else self._credentials.login_behind(operation)
            if operation.is_let_in and behind is not None:
                over.discard(behind.number)
            if kind is not None and behind is not None and behind.number not in over:
                before = self._logout(operation, behind, kind, before)
                yield before
                if kind is not LogoutKind.SILENT:
                    over.add(behind.number)
            if operation.kind is OpKind.LOGIN and operation.known_via is KnownVia.LOGIN:
                login = operation

    def _kind(self, operation: Operation, login: Operation | None) -> LogoutKind | None:
        if not operation.is_answered_by_node:
            return None
        if operation.kind is OpKind.LOGOUT:
            return LogoutKind.ASKED
        if operation.kind is OpKind.LOGIN:
            return LogoutKind.THROWN_OUT if self._had_to(operation, login) else None
        if operation.known_via is KnownVia.REMEMBER_ME:
            return LogoutKind.SILENT
        return LogoutKind.THROWN_OUT if operation.is_asked_to_log_in else None

    def _had_to(self, operation: Operation, login: Operation | None) -> bool:
        """Whose browser has lost the session of his last login, or shows another one, logs in without being asked."""
        if login is None:
            return False
        born = self._credentials.session_shown(operation)
        return born is None or born.login is None

    def _logout(self, operation: Operation, login: Operation, kind: LogoutKind, before: Logout | None) -> Logout:
        ended = Ended(
            operation, login, self._credentials.session_shown(operation), self._credentials.account_of(operation)
        )
        explained = self._explain(ended, kind, before)
        return Logout(
            operation.user,
            operation.number,
            operation.started_ns,
            operation.invoke.policy_ms,
            operation.node,
            explained.cause,
            (self._beginning(ended), *explained.words, *self._end(ended, kind)),
            kind,
            explained.because_of,
        )

    def _explain(self, ended: Ended, kind: LogoutKind, before: Logout | None) -> Explanation:
        if kind is LogoutKind.ASKED:
            return Explanation(Cause.LOGOUT, ("He logged out himself.",), (ended.operation.number,))
        if self._has_nobodys_session(ended) and before is not None:
            # The session went earlier; what he shows now is what he was given when he was nobody.
            return Explanation(before.cause, before.chain[1:], before.because_of)
        explained = self._causes.explain(ended)
        refused = self._causes.remember_me_refused(ended) if kind is LogoutKind.THROWN_OUT else None
        return explained if refused is None else replace(refused, words=(*explained.words, *refused.words))

    def _has_nobodys_session(self, ended: Ended) -> bool:
        born = ended.born
        return born is not None and born.login is None and not self._credentials.is_foreign(born.by)

    def _beginning(self, ended: Ended) -> str:
        login = ended.login
        return (
            f"{self._clock.at(login.invoke.policy_ms)} {ended.operation.user} logged in on {login.node or 'a node'} "
            f"(op {login.number})."
        )

    def _end(self, ended: Ended, kind: LogoutKind) -> tuple[str, ...]:
        operation = ended.operation
        at, node = self._clock.at(operation.invoke.policy_ms), operation.node
        if kind is LogoutKind.ASKED:
            return ()
        if kind is LogoutKind.SILENT:
            return (f"{at} {node} let him in again by his remember-me cookie (op {operation.number}); he saw nothing.",)
        if operation.kind is OpKind.LOGIN:
            return (f"{at} he had to log in again (op {operation.number}).",)
        without = "" if operation.invoke.token is not None else ", and he had no remember-me cookie"
        return (f"{at} {node} did not know him{without}: he was asked to log in (op {operation.number}).",)
