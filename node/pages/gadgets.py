"""What a dashboard refreshes by itself: each gadget's content, alone, for the script of an open dashboard.

They answer below `/rest/`, so a gadget whose session is over gets a 401 and no login page (`os_authType`), and each
refresh is a use of the session like any other: an open dashboard outlives the idle limit (source: "How to change the
default session timeout").
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from node.answers import html_answer
from node.issue_desk import IssueDesk
from node.issues.search import SearchRequest, search
from node.pages.node_rows import node_row
from node.pages.shell import Shell
from node.request import Request
from node.routes import Route
from node.store import cluster_nodes, remember_me
from node.store.engine import Database
from shared.clock import PolicyClock
from shared.errors import CallerError

PREFIX = "/rest/dcsim/1.0/gadget"
STRIP = "strip"
ASSIGNED_MAX = 10
_ASSIGNED = SearchRequest(
    "assignee = currentUser() AND resolution IS EMPTY ORDER BY priority DESC", max_results=ASSIGNED_MAX
)

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Gadget:
    """`load` reads what the template `gadgets/<name>.html` shows."""

    name: str
    title: str
    load: Callable[[Request], Awaitable[Values]]
    wide: bool = False

    @property
    def template(self) -> str:
        return f"gadgets/{self.name}.html"

    async def content(self, request: Request, shell: Shell) -> str:
        return shell.part(request, self.template, **await self.load(request))


def gadgets(database: Database, desk: IssueDesk, clock: PolicyClock) -> tuple[Gadget, ...]:
    """The gadgets of a dashboard, in their order."""

    async def session(request: Request) -> Values:
        context = request.context
        async with database.transaction() as connection:
            tokens = await remember_me.count(connection, context.user.user_key)
        return {"tokens": tokens, "since_ms": context.session.created_ms if context.session else None}

    async def cluster(_request: Request) -> Values:
        async with database.transaction() as connection:
            nodes = await cluster_nodes.all_nodes(connection)
        now_ms = clock.now_ms()
        return {"nodes": [node_row(node, now_ms=now_ms) for node in nodes]}

    async def assigned(request: Request) -> Values:
        scope = await desk.scope(request.context.user)
        return {"issues": search(_ASSIGNED, scope).issues}

    return (
        Gadget("session", "This request", session),
        Gadget("cluster", "Cluster", cluster),
        Gadget("assigned", "Assigned to me", assigned, wide=True),
    )


def gadget_routes(shell: Shell, shown: tuple[Gadget, ...]) -> list[Route]:
    """The strip refreshes with the gadgets, so that it does not contradict them."""

    async def nothing(_request: Request) -> Values:
        return {}

    by_name = {gadget.name: gadget for gadget in (*shown, Gadget(STRIP, "Strip", nothing))}

    async def content(request: Request) -> web.Response:
        gadget = by_name.get(request.variables["name"])
        if gadget is None:
            raise CallerError(404, f"There is no gadget named '{request.variables['name'][:60]}'.")
        return html_answer(await gadget.content(request, shell))

    return [Route("GET", "/{name}", content, prefixes=(PREFIX,))]
