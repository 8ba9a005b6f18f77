"""A node that is not RUNNING serves only its status; one that is STOPPING still finishes what it is asked."""

from aiohttp import web

from node.answers import rest_message
from node.filters import Filter, Handler
from node.life import NodeLife
from node.pages.shell import Shell
from shared.contract import NodeState

SERVING = frozenset({NodeState.RUNNING, NodeState.STOPPING})
RETRY_AFTER = {"Retry-After": "2"}


def starting_filter(life: NodeLife, shell: Shell) -> Filter:
    """503 until the node has a database, a bus and a place in the cluster. STOPPING answers close their connection."""

    @web.middleware
    async def starting(request: web.Request, handler: Handler) -> web.StreamResponse:
        if life.state in SERVING or shell.paths.is_status(request):
            response = await handler(request)
            if life.state is NodeState.STOPPING:
                response.force_close()
            return response
        message = f"This node is {life.state} and does not serve users."
        if shell.paths.is_rest(request):
            return rest_message(503, message, RETRY_AFTER)
        return shell.error(request, 503, message, RETRY_AFTER)

    return starting
