"""Which handler a request goes to.

Most paths have no variable part and are found in a dictionary; the others, and what no route takes, are left to
aiohttp's own dispatcher. aiohttp's application around that would cost a request as much as half of our filters, for
applications in applications, signals and middlewares that a node has none of (`python -m tests.bench.node_request`).
"""

from typing import cast

from aiohttp import hdrs, web
from aiohttp import typedefs as aiohttp_types

from node.request import Request
from node.routes import Handler


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
        if handler is None or hdrs.EXPECT in request.headers:
            handler = await self._look_for(request)
        return await handler(request)

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
        path = request.path
        return next(handler for prefix, handler in self._unknown if path.startswith(prefix))
