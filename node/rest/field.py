"""`/rest/api/2/field`: what issues have. A client library asks this before its first search."""

from aiohttp import web

from node.answers import json_answer
from node.issues.field_list import field_list
from node.request import Request
from node.routes import Needs, Route, rest


def field_routes() -> list[Route]:
    async def fields(_request: Request) -> web.Response:
        return json_answer(field_list())

    return [rest("GET", "/field", fields, Needs.ANYONE)]
