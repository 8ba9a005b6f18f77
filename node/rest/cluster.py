"""`/rest/api/2/cluster`: the nodes, what may be done to a dead one, and the zero-downtime upgrade (reference: jira.md
4.4, 8.1 and 8.3).

The documents name the statuses but not all their causes. Inferred: a node that is in the wrong state for the call is
405, like a Jira that is no cluster; orders of the upgrade answer 200. Their 500 for a change that could not be written
is 503 here, as for every call while Postgres is away.
"""

from typing import Any

from aiohttp import web

from node.answers import answer, json_answer, no_content
from node.cluster import ACTIVE, OFFLINE, is_alive
from node.filters import Handler
from node.request import Request
from node.routes import Needs, Route, rest
from node.store import cluster_nodes
from node.store.cluster_nodes import ClusterNode
from node.store.engine import Database, is_storable
from node.store.upgrades import Upgrade
from node.upgrade import Order
from node.upgrading import Upgrading
from shared.clock import PolicyClock
from shared.contract import NOT_CLUSTERED
from shared.errors import CallerError


def cluster_routes(database: Database, upgrading: Upgrading, clock: PolicyClock, *, is_clustered: bool) -> list[Route]:
    """`is_clustered` false is a Jira without cluster.properties: everything here is 405."""

    async def nodes(_request: Request) -> web.Response:
        async with database.transaction() as connection:
            found = await cluster_nodes.all_nodes(connection)
        now_ms = clock.now_ms()
        return json_answer([_bean(node, alive=is_alive(node, now_ms=now_ms)) for node in found])

    async def take_offline(request: Request) -> web.Response:
        now_ms = clock.now_ms()
        async with database.transaction() as connection:
            node = await cluster_nodes.find(connection, _node_id(request), for_update=True)
            if node is None:
                raise _unknown(request)
            if node.state != ACTIVE or is_alive(node, now_ms=now_ms):
                raise CallerError(405, f"Only a node that is {ACTIVE} and not alive can be taken offline.")
            await cluster_nodes.set_state(connection, node.node_id, OFFLINE, now_ms=now_ms)
        return answer(200, {})

    async def remove(request: Request) -> web.Response:
        async with database.transaction() as connection:
            node = await cluster_nodes.find(connection, _node_id(request), for_update=True)
            if node is None:
                raise _unknown(request)
            if node.state != OFFLINE:
                raise CallerError(405, f"Only a node that is {OFFLINE} can be removed, and this one is {node.state}.")
            await cluster_nodes.remove(connection, node.node_id)
        return no_content()

    async def state(_request: Request) -> web.Response:
        return json_answer(_upgrade_bean(await upgrading.current()))

    def carry_out(order: Order) -> Handler:
        async def handle(_request: Request) -> web.Response:
            return json_answer(_upgrade_bean(await upgrading.order(order)))

        return handle

    def route(method: str, path: str, handler: Handler) -> Route:
        return rest(method, path, handler if is_clustered else _not_clustered(), Needs.ADMIN_ELSE_401)

    return [
        route("GET", "/cluster/nodes", nodes),
        route("PUT", "/cluster/node/{id}/offline", take_offline),
        route("DELETE", "/cluster/node/{id}", remove),
        route("GET", "/cluster/zdu/state", state),
        *(route("POST", f"/cluster/zdu/{order}", carry_out(order)) for order in Order),
    ]


def _not_clustered() -> Handler:
    async def refuse(_request: Request) -> web.Response:
        raise CallerError(405, NOT_CLUSTERED)

    return refuse


def _node_id(request: Request) -> str:
    node_id = request.variables["id"]
    return node_id if is_storable(node_id) else ""


def _unknown(request: Request) -> CallerError:
    return CallerError(404, f"There is no node '{request.variables['id']}' in this cluster.")


def _bean(node: ClusterNode, *, alive: bool) -> dict[str, Any]:
    return {
        "nodeId": node.node_id,
        "state": node.state,
        "lastStateChangeTimestamp": node.state_changed_ms,
        "ip": node.ip,
        "cacheListenerPort": node.cache_listener_port,
        "nodeBuildNumber": node.build_number,
        "nodeVersion": node.version,
        "alive": alive,
    }


def _upgrade_bean(upgrade: Upgrade) -> dict[str, Any]:
    return {"state": upgrade.state, "build": {"buildNumber": upgrade.build, "version": upgrade.version}}
