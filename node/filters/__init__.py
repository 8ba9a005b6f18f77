"""The filter chain, one filter a file. `node.web_app` holds the order.

A filter is a factory that closes over what it needs and returns a function that is asked once for every route what it
puts before that route's handler: a handler of its own, which reads the request, asks one noun and leaves the answer on
the request's `RequestContext`, or the handler as it is where the route gives the filter nothing to do. So what is known
of a route is decided when the node starts and not in every request.
"""

from collections.abc import Callable

from node.routes import Handler, Route

Filter = Callable[[Route, Handler], Handler]

__all__ = ["Filter", "Handler"]
