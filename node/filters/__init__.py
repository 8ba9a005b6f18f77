"""The filter chain, one filter a file. `node.web_app` holds the order.

A filter is a factory that closes over what it needs and returns an aiohttp middleware. It reads the request, asks one
noun, and leaves the answer on the request's `RequestContext`.
"""

from aiohttp.typedefs import Handler
from aiohttp.typedefs import Middleware as Filter

__all__ = ["Filter", "Handler"]
