"""The remember-me cookie, as Seraph judges it (reference: jira.md 3.5, read in source).

The cookie carries `<row id>:<random>`, URL-encoded. A use changes nothing: no rotation, no new cookie, no sliding. It
lasts from the token's creation, and the server checks that itself. A cookie that names a row but does not fit costs
the row, even when only the random part is wrong. No I/O: callers load the row and carry out what is decided here.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Protocol
from urllib.parse import quote, unquote

SECRET_BYTES = 20
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RememberMeCookie:
    """What a well-formed cookie says."""

    token_id: int
    secret: str

    @property
    def value(self) -> str:
        """As it stands on the wire: 12345%3A<random>."""
        return quote(f"{self.token_id}:{self.secret}", safe="")


class StoredToken(Protocol):
    """What the judgement needs to know of a row. `created_ms` is policy time."""

    @property
    def secret_hash(self) -> str: ...
    @property
    def created_ms(self) -> int: ...


class Judgement(Enum):
    """What becomes of a cookie that was well formed."""

    GOOD = "good"
    UNKNOWN = "unknown"
    WRONG_SECRET = "wrong secret"
    EXPIRED = "expired"

    @property
    def clears_cookie_and_row(self) -> bool:
        return self is not Judgement.GOOD


def new_secret() -> str:
    """40 lowercase hex digits, the form Jira's own generator shows in its XSRF tokens."""
    return secrets.token_hex(SECRET_BYTES)


def hash_secret(secret: str) -> str:
    """What is stored. The secret has 160 random bits, so a plain digest is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def parse(value: str) -> RememberMeCookie | None:
    """None for a malformed cookie, which counts as absent and is left alone."""
    token_id, colon, secret = unquote(value).partition(":")
    if not colon or not secret or not (token_id.isascii() and token_id.isdigit()) or len(token_id) > 19:
        return None
    number = int(token_id)
    return RememberMeCookie(number, secret) if number <= LARGEST_ID else None


def judge(cookie: RememberMeCookie, token: StoredToken | None, *, max_age_ms: int, now_ms: int) -> Judgement:
    """A token is good up to and including its last millisecond. Secrets are compared in constant time."""
    if token is None:
        return Judgement.UNKNOWN
    if not hmac.compare_digest(hash_secret(cookie.secret), token.secret_hash):
        return Judgement.WRONG_SECRET
    if token.created_ms + max_age_ms < now_ms:
        return Judgement.EXPIRED
    return Judgement.GOOD
