"""The filters around a handler, joined once for each route, when the node starts."""

from collections.abc import Sequence

from node.filters import Filter, Handler
from node.routes import Route


def filtered(filters: Sequence[Filter], route: Route) -> Handler:
    """The route's handler behind all filters, the first of them outermost."""
    handler = route.handler
    for one in reversed(filters):
        handler = one(route, handler)
    return handler
