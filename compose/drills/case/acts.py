"""What was done to people's logins on purpose: acts of administrators and of the people themselves."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compose.drills.case.credentials import Credentials
from compose.drills.history.history import History, Operation
from compose.drills.history.records import OpKind, Outcome
from shared.actions import Action

_OF_EVERYBODY = "allusersremembermecookies"
_OF_TOKENS = "remembermecookies"


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `action` None: it deletes tokens and ends no session. `account` None: everybody's.

    `is_done`: it returned and said so. An act that nobody knows the end of may have been carried out all the same.
    """

    operation: Operation
    action: Action | None
    account: str | None
    is_done: bool
    may_be_done: bool
    clears_tokens: bool
    spares: str | None = None
    """The session that an own password change carries over, by the switch."""

    @property
    def words(self) -> str:
        what = self.action.sentence if self.action is not None else "Remember-me tokens are cleared"
        return f"{what} (op {self.operation.number})"

    def concerns(self, account: str) -> bool:
        return self.account is None or self.account == account


class Acts:
    """In the order they were sent."""

    def __init__(self, history: History, credentials: Credentials, switches: Mapping[str, Any]) -> None:
        self._by_account: dict[str | None, list[Act]] = defaultdict(list)
        self.all = tuple(
            _act(operation, credentials, switches) for operation in history.operations if operation.kind is OpKind.ACT
        )
        for act in self.all:
            self._by_account[act.account].append(act)

    @property
    def invalidating(self) -> tuple[Act, ...]:
        return tuple(act for act in self.all if act.action is not None)

    def upon(self, account: str) -> list[Act]:
        """Those that concern it, in the order they were sent."""
        some = self._by_account.get(account, []) + self._by_account.get(None, [])
        return sorted(some, key=lambda act: act.operation.started_ns)


def _act(operation: Operation, credentials: Credentials, switches: Mapping[str, Any]) -> Act:
    action, path = operation.invoke.action, operation.invoke.path.lower()
    is_done = operation.outcome is Outcome.OK and operation.status is not None and 200 <= operation.status < 300
    account: str | None = operation.invoke.victim
    if account is None and not (action is None and _OF_EVERYBODY in path):
        account = credentials.account_of(operation)
    is_sparing = action is Action.OWN_PASSWORD and bool(switches.get("own_password_change_spares_current", False))
    return Act(
        operation,
        action,
        account,
        is_done,
        is_done or operation.outcome is Outcome.INFO,
        _clears_tokens(action, path, switches),
        operation.invoke.session if is_sparing else None,
    )


def _clears_tokens(action: Action | None, path: str, switches: Mapping[str, Any]) -> bool:
    if action is None:
        return _OF_TOKENS in path
    if action is Action.REST_END_SESSION:
        return bool(switches.get("rest_delete_clears_tokens", True))
    if action is Action.DEACTIVATE:
        return bool(switches.get("deactivation_ends_sessions", False))
    return True
