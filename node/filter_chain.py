"""The filters around a handler, joined once for each route.

aiohttp would hand each filter its handler through a `partial` with a keyword argument, for every filter of every
request; a session request spends more time in that than in some of the filters.
"""

from collections.abc import Awaitable, Sequence

from aiohttp import web

from node.filters import Filter, Handler


def filter_chain(filters: Sequence[Filter]) -> Filter:
    """All filters as one, the first of them outermost."""
    joined: dict[Handler, Handler] = {}

    @web.middleware
    async def chain(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = joined.get(handler)
        if known is None:
            known = _join(filters, handler)
            if request.match_info.http_exception is None:  # what nobody has gets a new handler each time
                joined[handler] = known
        return await known(request)

    return chain


def _join(filters: Sequence[Filter], handler: Handler) -> Handler:
    for one in reversed(filters):
        handler = _around(one, handler)
    return handler


def _around(outer: Filter, inner: Handler) -> Handler:
    def filtered(request: web.Request) -> Awaitable[web.StreamResponse]:
        return outer(request, inner)

    return filtered
