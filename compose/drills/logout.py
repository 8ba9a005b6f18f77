"""Why somebody was logged out: one cause, and the way to it in words."""

from dataclasses import dataclass
from enum import StrEnum


class Cause(StrEnum):
    """What ended a login. Exactly one of them explains a logout; UNEXPLAINED is none of them.

    NODE_GONE: the session died with its node's memory. MOVED: another node answered, while the session lived on where
    it was. COOKIE_EXPIRED and COOKIE_REPLACED: the browser no longer had the cookie, or another application on the same
    host name had overwritten it. CAPTCHA: the remember-me cookie was good, but too many failed logins stood before it.
    """

    IDLE = "idle"
    MAX_AGE = "max-age"
    CROWD = "crowd"
    INVALIDATED = "invalidated"
    LOGOUT = "logout"
    REPLACED = "replaced"
    OVERFLOW = "overflow"
    BOT_KILLER = "bot-killer"
    NODE_GONE = "node-gone"
    MOVED = "moved"
    COOKIE_EXPIRED = "cookie-expired"
    COOKIE_REPLACED = "cookie-replaced"
    DEACTIVATED = "account-deactivated"
    DELETED = "account-deleted"
    CAPTCHA = "captcha"
    UNEXPLAINED = "unexplained"


class LogoutKind(StrEnum):
    """What the person saw of it. THROWN_OUT: the login page, or a 401. SILENT: nothing, the remember-me cookie let him
    in again. ASKED: he wanted it."""

    THROWN_OUT = "thrown-out"
    SILENT = "silent"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Logout:
    """Somebody lost his login: at which operation he noticed, on which node, and why, in words from first to last.

    `because_of` are the operations that did it, an administrator's act or the person's own logout.
    """

    user: str
    op: int
    real_ns: int
    policy_ms: int
    node: str | None
    cause: Cause
    chain: tuple[str, ...] = ()
    kind: LogoutKind = LogoutKind.THROWN_OUT
    because_of: tuple[int, ...] = ()

    @property
    def is_explained(self) -> bool:
        return self.cause is not Cause.UNEXPLAINED
