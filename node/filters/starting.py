"""A node that is not RUNNING serves only its status; one that is STOPPING still finishes what it is asked."""

from aiohttp import web

from node.answers import rest_message
from node.filters import Filter, Handler
from node.life import NodeLife
from node.pages.shell import Shell
from node.request import Request
from node.routes import Route
from shared.contract import NodeState

SERVING = frozenset({NodeState.RUNNING, NodeState.STOPPING})
RETRY_AFTER = {"Retry-After": "2"}


def starting_filter(life: NodeLife, shell: Shell) -> Filter:
    """503 until the node has a database, a bus and a place in the cluster. STOPPING answers close their connection."""

    def starting_before(route: Route, handler: Handler) -> Handler:
        is_rest, is_status = route.is_rest, route.is_status

        async def starting(request: Request) -> web.StreamResponse:
            if life.state in SERVING or is_status:
                response = await handler(request)
                if life.state is NodeState.STOPPING:
                    response.force_close()
                return response
            message = f"This node is {life.state} and does not serve users."
            if is_rest:
                return rest_message(503, message, RETRY_AFTER)
            return shell.error(request, 503, message, RETRY_AFTER)

        return starting

    return starting_before
