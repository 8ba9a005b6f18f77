"""`Clustering.jspa`: the nodes, how they hear of invalidations, and what was invalidated last."""

from collections.abc import Callable

from aiohttp import web

from node.invalidation.facts import DeliveryFacts, backlog
from node.pages.node_rows import node_row
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route
from node.store import cluster_nodes, directory, invalidation_log
from node.store.engine import Database
from shared.clock import PolicyClock
from shared.settings import NodeSettings

ENTRIES_SHOWN = 15


def clustering_routes(
    database: Database, clock: PolicyClock, shell: Shell, settings: NodeSettings, *, facts: Callable[[], DeliveryFacts]
) -> list[Route]:
    """`facts` are the delivery's; what waits for a node is shown only where there are queues."""

    async def show(request: Request) -> web.Response:
        async with database.transaction() as connection:
            nodes = await cluster_nodes.all_nodes(connection)
            entries = await invalidation_log.latest(connection, limit=ENTRIES_SHOWN)
            names = await directory.names_of(connection, {entry.user_key for entry in entries if entry.user_key})
        now_ms, undelivered = clock.now_ms(), facts().undelivered
        return shell.page(
            request,
            "admin/clustering.html",
            nodes=[node_row(node, now_ms=now_ms) for node in nodes],
            entries=entries,
            names=names,
            settings=settings,
            undelivered={name: (count, backlog(count)) for name, count in undelivered.items()},
        )

    return [Route("GET", "/secure/admin/Clustering.jspa", show, Needs.WEBSUDO)]
