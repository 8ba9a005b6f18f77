"""`serverInfo` and `/status`: what a client and a balancer ask first; nobody needs to log in for them."""

from aiohttp import hdrs, web

from node.answers import answer, json_answer
from node.life import NodeLife
from node.paths import Paths
from node.request import Request
from node.routes import STATUS, Needs, Route, rest
from shared.clock import PolicyClock, jira_time
from shared.contract import JSON_TYPE
from shared.versions import Version


def server_info_routes(clock: PolicyClock, life: NodeLife, *, paths: Paths, version: Version) -> list[Route]:
    facts = {
        "baseUrl": paths.absolute(""),
        "version": version.full,
        "versionNumbers": list(version.parts),
        "deploymentType": "Server",
        "buildNumber": version.build_number,
        "buildDate": "2023-08-21T00:00:00.000+0000",
        "databaseBuildNumber": version.build_number,
        "serverTime": "",
        "scmInfo": "dcsim",
        "serverTitle": "dcsim",
    }

    async def server_info(_request: Request) -> web.Response:
        return json_answer(facts | {"serverTime": jira_time(clock.now_ms())})

    async def status(_request: Request) -> web.Response:
        return answer(life.state.http_status, {"Content-Type": JSON_TYPE}, f'{{"state":"{life.state}"}}'.encode())

    async def only_get(request: Request) -> web.Response:
        """In every state of the node, and no more than that: some balancers check with OPTIONS."""
        raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_GET])

    return [
        rest("GET", "/serverInfo", server_info, Needs.ANYONE),
        Route("GET", STATUS, status, Needs.ANYONE),
        Route("*", STATUS, only_get, Needs.ANYONE),
    ]
