"""A request to this node: aiohttp's low-level one, with room for what the node finds out about it."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property, partial

from aiohttp import hdrs, web

from node.cookies import cookie_pairs
from node.request_context import RequestContext


class Request(web.BaseRequest):
    """`variables` are the parts of the path that its route leaves open; `unfit` is what is wrong with a request that no
    route takes; `context` is there once the outermost filter has opened it."""

    context: RequestContext
    variables: Mapping[str, str]
    unfit: web.HTTPException | None = None

    @cached_property
    def cookies(self) -> Mapping[str, str]:
        """Of a name that was sent twice the first value, where aiohttp takes the last (`node.cookies` says why)."""
        found: dict[str, str] = {}
        for name, value in cookie_pairs(self.headers.get(hdrs.COOKIE, "")):
            found.setdefault(name, value)
        return found

    @property
    def is_https(self) -> bool:
        """Did the browser come by https? The balancer says so; without one, the connection."""
        scheme = self.headers.get("X-Forwarded-Proto")
        return self.secure if scheme is None else scheme == "https"


def request_maker(max_body_bytes: int) -> Callable[..., Request]:
    """What a `web.Server` makes its requests by. Reading a longer body raises aiohttp's 413."""
    return partial(Request, loop=asyncio.get_running_loop(), client_max_size=max_body_bytes)
