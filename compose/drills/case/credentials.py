"""Where each session and each remember-me token came from, and which login stands behind it.

A completion names what the browser holds after the answer, so what differs from what was shown was given by it. A
session got with a remember-me cookie is as old as the login that gave the cookie: nobody showed a password for it.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from compose.drills.history.history import History, Operation
from compose.drills.history.records import OpKind
from shared.contract import KnownVia


@dataclass(frozen=True, slots=True)
class Born:
    """A session or token from the answer that gave it. `login` is the operation at which a password was shown for it;
    None for an anonymous session, or one of another application. `valid_ns`: when that proof had arrived."""

    by: Operation
    login: Operation | None
    valid_ns: int

    @property
    def node(self) -> str | None:
        """Which node has the session in its memory."""
        return self.by.node


class Credentials:
    """Looked up by whoever shows it, since names are short and two people's might be the same."""

    def __init__(self, history: History, *, nodes: Collection[str]) -> None:
        """`nodes` are those of the cluster; what others gave is another application's."""
        self._history = history
        self._nodes = nodes
        self._sessions: dict[tuple[str, str], list[Born]] = defaultdict(list)
        self._tokens: dict[str, Born] = {}
        for operation in history.operations:
            self._learn(operation)
        for births in self._sessions.values():
            births.sort(key=lambda born: born.valid_ns)
        self._valid = {name: [born.valid_ns for born in births] for name, births in self._sessions.items()}

    def session_shown(self, operation: Operation) -> Born | None:
        """The latest birth, or proof by another login, of the session the operation showed."""
        shown = operation.invoke.session
        if shown is None:
            return None
        births = self._sessions.get((operation.user, shown), [])
        at = bisect_right(self._valid.get((operation.user, shown), []), operation.started_ns) - 1
        return births[at] if at >= 0 else None

    def token_shown(self, operation: Operation) -> Born | None:
        token = operation.invoke.token
        return None if token is None else self._tokens.get(token)

    @property
    def tokens(self) -> dict[str, Born]:
        return self._tokens

    def login_behind(self, operation: Operation) -> Operation | None:
        """The login that what the node knew the user by rests on; where nobody was known, what he showed."""
        if operation.known_via is KnownVia.REMEMBER_ME:
            born = self.token_shown(operation)
        else:
            born = self.session_shown(operation)
        return self._login(born, operation)

    def account_of(self, operation: Operation) -> str:
        """Whose account it is: as whom he logged in, else as whom he was served, else his own name."""
        login = self.login_behind(operation)
        for known in (login, operation):
            if known is not None and known.completion is not None and known.completion.username is not None:
                return known.completion.username
        return operation.user

    def is_foreign(self, operation: Operation) -> bool:
        """Was it answered by another application than the cluster?"""
        return operation.node is not None and self.is_foreign_node(operation.node)

    def is_foreign_node(self, node: str) -> bool:
        return node not in self._nodes

    def _login(self, born: Born | None, operation: Operation) -> Operation | None:
        if born is not None and born.login is not None:
            return born.login
        number = operation.invoke.login_op
        return None if number is None else self._history.by_number.get(number)

    def _learn(self, operation: Operation) -> None:
        answer = operation.completion
        if answer is None:
            return
        is_login = operation.known_via is KnownVia.LOGIN and operation.kind is OpKind.LOGIN
        if answer.token is not None and (answer.token != operation.invoke.token or answer.token not in self._tokens):
            login = operation if is_login else self._login(None, operation)
            self._tokens.setdefault(answer.token, Born(operation, login, answer.real_ns))
        if answer.session is None:
            return
        births = self._sessions[operation.user, answer.session]
        if answer.session != operation.invoke.session or is_login:
            # Somebody who logs in again keeps his own session; it stays on its node, with a new proof.
            by = births[0].by if births and births[0].node == operation.node else operation
            births.append(Born(by, self._login_for(operation, is_login=is_login), answer.real_ns))

    def _login_for(self, operation: Operation, *, is_login: bool) -> Operation | None:
        if operation.known_via is KnownVia.NOBODY or self.is_foreign(operation):
            return None
        if is_login:
            return operation
        born = self.token_shown(operation) if operation.known_via is KnownVia.REMEMBER_ME else None
        return self._login(born, operation)
