"""XSRF tokens, as Jira's own generator makes and judges them (reference: jira.md 6).

A token is `<server id>_<40 hex>_<lin|lout>`: the cluster's id, a random part, and whether somebody was logged in when
it was made. It lives in a cookie of the browser session and in the forms of our pages; a request is ours when both
agree (stateless double submit). No node stores one, so a token survives a change of the node; logging in or out makes
it unfit. Scripts may say `X-Atlassian-Token: no-check` instead, which no other site's form can.

No I/O: callers bring the cookie, the form's field and the headers.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

FIELD = "atl_token"
"""Name of the form field or query parameter."""
HEADER = "X-Atlassian-Token"
RANDOM_BYTES = 20
SERVER_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})
"""What a form of any other site can send without being asked; only these need the header at a form-encoded resource."""

_NO_CHECK = frozenset({"no-check", "nocheck"})
_BROWSERS = ("mozilla/", "opera/")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def new_server_id() -> str:
    """XXXX-XXXX-XXXX-XXXX; one for a whole cluster."""
    return "-".join("".join(secrets.choice(SERVER_ID_ALPHABET) for _ in range(4)) for _ in range(4))


def new_token(server_id: str, *, logged_in: bool) -> str:
    return f"{server_id}_{secrets.token_hex(RANDOM_BYTES)}_{_state(logged_in)}"


@lru_cache(maxsize=1024)
def fits(token: str, server_id: str, *, logged_in: bool) -> bool:
    """Was the token made by this cluster, for somebody who is logged in or out as the caller is now? Every request of a
    browser brings its token, so the last answers are remembered."""
    return re.fullmatch(rf"{re.escape(server_id)}_[0-9a-f]{{40}}_{_state(logged_in)}", token) is not None


class RequestTokens:
    """The token of one request: the first of those its cookies brought that fits, or a new one where none does. Another
    cluster of the same host may have sent its own along (`node.cookies`)."""

    __slots__ = ("_cookies", "_server_id", "issued")

    def __init__(self, server_id: str, cookies: Sequence[str]) -> None:
        self._server_id = server_id
        self._cookies = cookies
        self.issued: str | None = None

    def current(self, *, logged_in: bool) -> str:
        """What forms of this answer must carry. A login or logout during the request makes it another one."""
        for known in (self.issued,) if self.issued else self._cookies:
            if fits(known, self._server_id, logged_in=logged_in):
                return known
        self.issued = new_token(self._server_id, logged_in=logged_in)
        return self.issued

    def accepts(self, given: str | None, *, logged_in: bool) -> bool:
        """Does the form's token equal a cookie that fits? Compared in constant time."""
        if given is None:
            return False
        fitting = (cookie for cookie in self._cookies if fits(cookie, self._server_id, logged_in=logged_in))
        cookie = next(fitting, None)
        return cookie is not None and hmac.compare_digest(given.encode("utf-8", "replace"), cookie.encode())


def opts_out(header: str | None) -> bool:
    """Does `X-Atlassian-Token` say that no token need be looked for?"""
    return header is not None and header.strip().lower() in _NO_CHECK


def is_browser(user_agent: str | None) -> bool:
    """Does the caller call itself a browser? Only browsers can be led astray by another site's page."""
    return user_agent is not None and user_agent.lower().startswith(_BROWSERS)


def comes_from_own_page(origin: str | None, referer: str | None, own_urls: Iterable[str]) -> bool:
    """Does `Origin`, or `Referer` where there is none, name one of our own addresses? Neither of them counts as no."""
    source = _origin(origin if origin is not None else referer or "")
    return source is not None and source in {_origin(url) for url in own_urls}


def _state(logged_in: bool) -> str:
    return "lin" if logged_in else "lout"


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for anything that is no http address, such as the literal `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if port is None or not parts.hostname else (parts.scheme, parts.hostname, port)
