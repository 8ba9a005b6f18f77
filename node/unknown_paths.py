"""What nobody has: every path and method that no route takes, so that these answers too leave through the filters."""

from aiohttp import web

from node.routes import Needs, Route

EVERYTHING = "/{path:.*}"
"""Also what is outside the context path."""


def unknown_path_routes() -> list[Route]:
    """One for each part of the application, since their answers differ. They come last and give way to any other."""
    paths = ("/rest/auth/{path:.*}", "/rest/{path:.*}", EVERYTHING)
    return [Route("*", path, _refuse, Needs.ANYONE, exists=False) for path in paths]


async def _refuse(request: web.Request) -> web.StreamResponse:
    """Raises aiohttp's 405 where the path has other methods, and its 404 otherwise."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        match, methods = await resource.resolve(request)
        if match is None:
            allowed |= methods
    raise web.HTTPMethodNotAllowed(request.method, allowed) if allowed else web.HTTPNotFound()
