"""`/secure/attachment/{id}/{name}`: the content of a file at an issue, as a download and never as a page of ours."""

from urllib.parse import quote

from aiohttp import web

from node.answers import answer, redirect
from node.issue_desk import IssueDesk
from node.paths import Paths
from node.request import Request
from node.rest.arguments import whole_number
from node.routes import Needs, Route
from shared.errors import CallerError

NO_SUCH_FILE = "There is no such attachment."


def attachment_routes(desk: IssueDesk, *, paths: Paths) -> list[Route]:
    async def content(request: Request) -> web.Response:
        scope = await desk.scope(request.context.account)
        attachment_id = whole_number(request.variables["id"], "id", default=0, most=2**63 - 1)
        try:
            found = await desk.attachment(attachment_id, scope)
        except CallerError as error:
            if error.status == 401:
                return redirect(paths.login_page_for(request))
            raise
        if found is None:
            raise CallerError(404, NO_SUCH_FILE)
        headers = {
            "Content-Type": found.mime_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename, safe='')}",
            "Content-Security-Policy": "sandbox",
            "Cache-Control": "private, no-store",
        }
        return answer(200, headers, await desk.content(found))

    return [
        Route("GET", "/secure/attachment/{id}/{name}", content, Needs.ANYONE),
        Route("GET", "/secure/attachment/{id}/", content, Needs.ANYONE),
    ]
