"""Which handler a request goes to.

Most paths have no variable part and are found in a dictionary; the others, and what no route takes, are left to
aiohttp's own dispatcher, once a path that is not plain has been made so. aiohttp's application around that would cost
a request as much as half of our filters, for applications in applications, signals and middlewares that a node has none
of (`python -m tests.bench.node_request`).
"""

import re
from typing import cast

from aiohttp import hdrs, web
from aiohttp import typedefs as aiohttp_types

from node.request import Request
from node.routes import Handler

_UNTIDY = re.compile(r";|//|/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
"""Finds nothing in what `tidy` returns."""
_PARAMETERS = re.compile(r";[^/]*")
_DOT = re.compile(r"%2e", re.IGNORECASE)


def tidy(raw_path: str) -> str | None:
    """The path that Tomcat serves instead: without parameters (`;jsessionid=...`), empty parts, `.` and `..`. None for
    one that leaves the root, which Tomcat refuses. Takes and returns a percent-encoded path."""
    parts = _PARAMETERS.sub("", raw_path).split("/")[1:]
    kept: list[str] = []
    for part in parts:
        match _DOT.sub(".", part):
            case "" | ".":
                pass
            case "..":
                if not kept:
                    return None
                kept.pop()
            case _:
                kept.append(part)
    is_folder = bool(kept) and _DOT.sub(".", parts[-1]) in ("", ".", "..")
    return "/" + "/".join(kept) + ("/" if is_folder else "")


class Router:
    """Routes are added before it is asked. A path without variables goes before one with; of two that fit alike the
    first that was added counts."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}
        self._dispatcher = web.UrlDispatcher()
        self._unknown: list[tuple[str, Handler]] = []

    def add(self, method: str, path: str, handler: Handler) -> None:
        """`{name}` in a path stands for any one part of it, `{name:regex}` for what fits; the method `*` for any."""
        self._dispatcher.add_route(method, path, cast(aiohttp_types.Handler, handler))
        if "{" not in path and method != hdrs.METH_ANY:
            self._handlers.setdefault((method, path), handler)

    def add_unknown(self, prefix: str, handler: Handler) -> None:
        """Takes what begins like that and no route takes; finds on the request why (404, 405 or 417)."""
        self._unknown.append((prefix, handler))

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """What a `web.Server` calls; it makes its requests by `node.request`."""
        assert isinstance(request, Request)
        handler = self._handlers.get((request.method, request.rel_url.path_safe))
        if handler is None and _UNTIDY.search(request.rel_url.raw_path):
            return await self._tidied(request)
        if handler is None or hdrs.EXPECT in request.headers:
            handler = await self._look_for(request)
        return await handler(request)

    async def _tidied(self, request: Request) -> web.StreamResponse:
        """Goes on with the tidy path alone, so that what is found by it and what is made of it never differ."""
        path = tidy(request.rel_url.raw_path)
        if path is not None:
            return await self(request.clone(rel_url=request.rel_url.with_path(path, encoded=True, keep_query=True)))
        request.unfit = web.HTTPBadRequest()
        return await self._refuse("/")(request)

    async def _look_for(self, request: Request) -> Handler:
        asked = cast(web.Request, request)
        match = await self._dispatcher.resolve(asked)
        request.unfit = match.http_exception
        if hdrs.EXPECT in request.headers:
            try:
                await match.expect_handler(asked)
            except web.HTTPExpectationFailed as error:  # any expectation but 100-continue
                request.unfit = error
        if request.unfit is None:
            request.variables = match
            return cast(Handler, match.handler)
        return self._refuse(request.path)

    def _refuse(self, path: str) -> Handler:
        return next(handler for prefix, handler in self._unknown if path.startswith(prefix))
