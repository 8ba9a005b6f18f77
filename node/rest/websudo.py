"""`DELETE /rest/auth/1/websudo`: gives the secure administrator session back (reference: jira.md 4.2)."""

from aiohttp import web

from node.answers import no_content
from node.request import Request
from node.routes import REST_AUTH, Needs, Route
from node.websudo import WebSudo


def websudo_resource_routes(websudo: WebSudo) -> list[Route]:
    async def end(request: Request) -> web.Response:
        session = request.context.session
        if session is not None:
            websudo.end(session)
        return no_content()

    return [Route("DELETE", "/websudo", end, Needs.USER, REST_AUTH)]
