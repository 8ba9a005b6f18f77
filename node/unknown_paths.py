"""What nobody has: every path and method that no route takes. These answers too leave through the filters."""

from aiohttp import web

from node.request import Request
from node.routes import Needs, Route


def unknown_path_routes() -> list[Route]:
    """One for each part of the application, since their answers differ; of prefixes that fit the first one counts."""
    prefixes = ("/rest/auth/", "/rest/", "")
    return [Route("*", prefix, _refuse, Needs.ANYONE, exists=False) for prefix in prefixes]


async def _refuse(request: Request) -> web.StreamResponse:
    assert request.unfit is not None
    raise request.unfit
