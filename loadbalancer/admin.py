"""The operator's endpoints: the whole picture, drains, nodes, the clock. aiohttp, on a port of its own."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import ValidationError

from loadbalancer.nodes import Node
from loadbalancer.policy import Wish
from loadbalancer.status import describe, describe_node
from shared.contract import OPERATOR_PREFIX
from shared.errors import CallerError
from shared.operator_api import add_clock_routes, json_object, operator_app
from shared.settings import Upstream, explain

if TYPE_CHECKING:
    from loadbalancer.app import Balancer

_DRAINS = {"soft": Wish.SOFT_DRAIN, "hard": Wish.HARD_DRAIN}


def admin_app(balancer: "Balancer") -> web.Application:
    """All operator endpoints of one balancer."""
    app = operator_app(balancer.settings.admin_token.get_secret_value())
    add_clock_routes(app, balancer.clock)
    fleet = balancer.fleet

    def now() -> float:
        return asyncio.get_running_loop().time()

    def node_answer(node: Node) -> web.Response:
        return web.json_response(describe_node(node, balancer.bindings, now()))

    async def status(_request: web.Request) -> web.Response:
        return web.json_response(describe(balancer, now()))

    async def ready(request: web.Request) -> web.Response:
        return node_answer(fleet.wish(request.match_info["id"], Wish.READY, now()))

    async def drain(request: web.Request) -> web.Response:
        body = await json_object(request) if request.can_read_body else {}
        mode = body.get("mode", "soft")
        if mode not in _DRAINS:
            raise CallerError(400, f"drain mode {mode!r} is neither 'soft' nor 'hard'")
        return node_answer(fleet.wish(request.match_info["id"], _DRAINS[mode], now()))

    async def maintenance(request: web.Request) -> web.Response:
        return node_answer(fleet.wish(request.match_info["id"], Wish.MAINTENANCE, now()))

    async def put(request: web.Request) -> web.Response:
        body: dict[str, Any] = {**await json_object(request), "id": request.match_info["id"]}
        try:
            upstream = Upstream.model_validate(body)
        except ValidationError as error:
            raise CallerError(400, explain(error)) from error
        return node_answer(fleet.put(upstream, now()))

    async def delete(request: web.Request) -> web.Response:
        fleet.remove(request.match_info["id"])
        return web.Response(status=204)

    node = f"{OPERATOR_PREFIX}/nodes/{{id}}"
    app.router.add_get(f"{OPERATOR_PREFIX}/status", status)
    app.router.add_post(f"{node}/ready", ready)
    app.router.add_post(f"{node}/drain", drain)
    app.router.add_post(f"{node}/maintenance", maintenance)
    app.router.add_put(node, put)
    app.router.add_delete(node, delete)
    return app
