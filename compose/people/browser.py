"""One person's browser: it keeps cookies, sends them back, and reports who answered and what knew the user.

It talks to whatever URL it is told, a node or the balancer, and never retries or follows redirects by itself: every
answer is evidence.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from compose.people.cookie_jar import CookieJar
from shared import contract


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `real_ms` is how long it took, in real time."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    real_ms: float

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        try:
            body = json.loads(self.body)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def node(self) -> str | None:
        """Which node answered; None when the balancer did."""
        return self.headers.get(contract.SERVED_BY)

    @property
    def username(self) -> str | None:
        """As whom the request was served; None for nobody."""
        name = self.headers.get(contract.USER_NAME)
        return None if name in (None, "anonymous") else name

    @property
    def known_via(self) -> contract.KnownVia:
        return contract.KnownVia(self.headers.get(contract.KNOWN_VIA, contract.KnownVia.NOBODY))

    @property
    def session_ended(self) -> str | None:
        """Why the session that the request named was not honoured."""
        return self.headers.get(contract.SESSION_ENDED)


class Browser:
    """Cookies of one person. Several people may share one `aiohttp.ClientSession`, which must keep none itself."""

    def __init__(
        self,
        client: aiohttp.ClientSession,
        base_url: str,
        cookies: Mapping[str, str] | None = None,
        *,
        patience_s: float = 30.0,
    ) -> None:
        """`cookies` to begin with, or a jar, which is then kept, and may be shared with another browser. Nobody waits
        longer than `patience_s` (real) for an answer."""
        self._client = client
        self.base_url = base_url.rstrip("/")
        self.cookies = cookies if isinstance(cookies, CookieJar) else CookieJar(cookies)
        self._timeout = aiohttp.ClientTimeout(total=patience_s)
        self._context_path = urlsplit(self.base_url).path

    def shown(self, name: str) -> str | None:
        """The cookie of that name as the application here is shown it."""
        return self.cookies.shown_at(self._context_path + "/").get(name)

    @property
    def session_id(self) -> str | None:
        return self.cookies.get(contract.SESSION_COOKIE)

    def carrying(self, *names: str) -> "Browser":
        """A second browser at the same place that holds only those of the cookies."""
        return Browser(
            self._client, self.base_url, {name: self.cookies[name] for name in names if name in self.cookies}
        )

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        form: Mapping[str, str] | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request, with the cookies. Raises aiohttp.ClientError or TimeoutError when nobody answers."""
        at = self._context_path + path.partition("?")[0]
        cookies = self.cookies.header(at)
        own = {"Cookie": cookies} if cookies else {}
        started = time.monotonic()
        async with self._client.request(
            method,
            self.base_url + path,
            json=json,
            data=form,
            headers={**own, **(headers or {})},
            allow_redirects=False,
            timeout=self._timeout,
        ) as response:
            body = await response.read()
            self.cookies.keep(response.headers.getall("Set-Cookie", []), path=at)
            return Answer(response.status, response.headers.copy(), body, (time.monotonic() - started) * 1000)

    async def log_in(self, username: str, password: str, *, remember: bool = False) -> Answer:
        """Through the form of the login page, as people do: they look at it first, which opens their session."""
        if self.session_id is None:
            await self.request("GET", "/login.jsp")
        form = {"os_username": username, "os_password": password, "login": "Log In"}
        return await self.request("POST", "/login.jsp", form=form | ({"os_cookie": "true"} if remember else {}))

    async def who_am_i(self) -> Answer:
        """200 with the user's name, or 401 for nobody."""
        return await self.request("GET", "/rest/auth/1/session")


def open_client() -> aiohttp.ClientSession:
    """A client for any number of browsers: it stores no cookies and keeps connections for all of them."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(), connector=aiohttp.TCPConnector(limit=0), auto_decompress=False
    )
