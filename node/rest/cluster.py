"""`/rest/api/2/cluster/nodes` (reference: jira.md 4.4 and 8.1)."""

from typing import Any

from aiohttp import web

from node.answers import json_answer
from node.membership import is_alive
from node.routes import Needs, Route, rest
from node.store.cluster_nodes import ClusterNode, all_nodes
from node.store.engine import Database
from shared.clock import PolicyClock


def cluster_routes(database: Database, clock: PolicyClock) -> list[Route]:
    async def nodes(_request: web.Request) -> web.Response:
        async with database.transaction() as connection:
            found = await all_nodes(connection)
        now_ms = clock.now_ms()
        return json_answer([_bean(node, alive=is_alive(node, now_ms=now_ms)) for node in found])

    return [rest("GET", "/cluster/nodes", nodes, Needs.ADMIN_ELSE_401)]


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
