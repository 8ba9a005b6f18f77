"""What came of each operation, as the person in front of it saw it: one word of a short list, always with a shape."""

from collections.abc import Mapping
from enum import StrEnum

from compose.drills.case.case import Case
from compose.drills.history.history import Operation
from compose.drills.history.records import OpKind, Outcome
from compose.drills.logout import Logout, LogoutKind
from shared.contract import KnownVia


class Came(StrEnum):
    """SERVED knows him by session or password. SILENT: by his remember-me cookie, unasked. STALE: let in though he had
    been thrown out everywhere. THROWN_OUT: the first time he is asked to log in again. REFUSED: each further time, or
    never logged in. FAILED: no proper answer. UNSEEN: nobody knows."""

    SERVED = "served"
    LOGGED_IN = "logged in"
    LOGIN_FAILED = "login failed"
    SILENT = "let in by remember-me"
    STALE = "wrongly let in"
    THROWN_OUT = "thrown out"
    REFUSED = "asked to log in"
    LOGGED_OUT = "logged out"
    ACT = "invalidating action"
    FAILED = "no proper answer"
    UNSEEN = "outcome unknown"

    @property
    def key(self) -> str:
        """A name for style sheets and element ids."""
        return self.name.lower().replace("_", "-")


ORDINARY = frozenset({Came.SERVED, Came.REFUSED})
"""What there may be thousands of, and nobody has to look at one by one."""


class Seen:
    """What came of every operation of a case. `ended_by` has the invalidating act for each stale one, `logouts` the end
    of a login for each operation at which it was noticed. Who is stale and who was logged out is judging's to say."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.ended_by: Mapping[int, Operation] = {one.operation.number: one.act.operation for one in case.stale.stale}
        self.logouts: Mapping[int, Logout] = {logout.op: logout for logout in case.logouts}
        self._came = {operation.number: self._of(operation) for operation in case.history.operations}

    def __getitem__(self, operation: Operation) -> Came:
        return self._came[operation.number]

    def had_to_log_in(self, operation: Operation) -> bool:
        """Nobody asked him, but his browser had lost what he was known by."""
        logout = self.logouts.get(operation.number)
        return operation.kind is OpKind.LOGIN and logout is not None and logout.kind is LogoutKind.THROWN_OUT

    def _of(self, operation: Operation) -> Came:
        came = _came(operation, is_stale=operation.number in self.ended_by)
        if came is Came.THROWN_OUT and operation.number not in self.logouts:
            return Came.REFUSED
        return came


def _came(operation: Operation, *, is_stale: bool) -> Came:
    if operation.outcome is Outcome.INFO:
        return Came.UNSEEN
    if operation.is_failed:
        return Came.FAILED
    if is_stale:
        return Came.STALE
    if operation.kind is OpKind.ACT:
        return Came.ACT
    if operation.kind is OpKind.LOGOUT:
        return Came.LOGGED_OUT
    if operation.kind is OpKind.LOGIN:
        return Came.LOGIN_FAILED if operation.known_via is KnownVia.NOBODY else Came.LOGGED_IN
    if operation.is_asked_to_log_in:
        return Came.THROWN_OUT
    if operation.known_via is KnownVia.NOBODY:
        return Came.REFUSED
    return Came.SILENT if operation.known_via is KnownVia.REMEMBER_ME else Came.SERVED
