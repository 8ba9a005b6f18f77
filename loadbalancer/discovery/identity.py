"""Which node answers at an address.

Asked of `/status` on the port that users' requests go to, and read from `X-ANODEID`, for three reasons: it is the name
that every answer of the node carries, so route cookies, statistics and answers cannot disagree; it is there from the
node's first moment, while it still says STARTING; and it needs neither the operator port nor the token of a node, so
the balancer can do without a way there. Jira Data Center sends the same header.
"""

import re
from typing import Protocol

import aiohttp

from shared.contract import SERVED_BY
from shared.settings import NODE_ID


class Unnamed(Exception):
    """Somebody answers who is no node of a cluster."""


class Identity(Protocol):
    """Says who is at an address."""

    async def __call__(self, host: str, port: int) -> str | None:
        """The node's id; None when nobody answers. Raises Unnamed for an answer without a usable id."""
        ...

    async def close(self) -> None: ...


class StatusIdentity:
    """Asks over HTTP, each time on a new connection: an address may have passed to another node."""

    def __init__(self, path: str, *, timeout_s: float) -> None:
        self._path = path
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, host: str, port: int) -> str | None:
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}{self._path}"
        try:
            async with self._open().get(url, allow_redirects=False) as answer:
                name = answer.headers.get(SERVED_BY, "")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
        if not re.fullmatch(NODE_ID, name):
            said = f"{SERVED_BY} {name[:60]!r}" if name else f"no {SERVED_BY}"
            raise Unnamed(f"{host}:{port} answers with {said}; is it a node of a cluster?")
        return name

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(
                timeout=self._timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session
