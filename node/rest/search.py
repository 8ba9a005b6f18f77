"""`/rest/api/2/search`: by GET or POST. Anonymous gets 200 and fewer issues, which is the trap scripts fall into
when their login is gone (reference: jira.md 4.4)."""

from aiohttp import web

from node.answers import json_answer
from node.issue_desk import IssueDesk
from node.issues.rest_shapes import search_bean
from node.issues.search import SearchRequest, search
from node.request import Request
from node.rest.arguments import json_body
from node.routes import Needs, Route, rest


def search_routes(desk: IssueDesk) -> list[Route]:
    async def answer(request: Request, wanted: SearchRequest) -> web.Response:
        scope = await desk.scope(request.context.account)
        page = search(wanted, scope)
        return json_answer(search_bean(page, await desk.view(scope, page.issues)))

    async def by_query(request: Request) -> web.Response:
        return await answer(request, SearchRequest.from_query(request.query, request.query.getall("fields", [])))

    async def by_body(request: Request) -> web.Response:
        return await answer(request, SearchRequest.from_body(await json_body(request)))

    return [rest("GET", "/search", by_query, Needs.ANYONE), rest("POST", "/search", by_body, Needs.ANYONE)]
