"""The operator's endpoints: the whole picture, drains, nodes, the clock. aiohttp, on a port of its own."""

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError

from loadbalancer.metrics import exposition
from loadbalancer.nodes import Node
from loadbalancer.policy import Wish
from loadbalancer.status import describe, describe_node
from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN
from shared.errors import CallerError
from shared.operator_api import Handler, add_clock_routes, json_object, operator_app, shown_limit
from shared.settings import Upstream, explain

if TYPE_CHECKING:
    from loadbalancer.app import Balancer

_STATS = f"{OPERATOR_PREFIX}/stats"
_SHOWN = 25
_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_DRAINS = {"soft": Wish.SOFT_DRAIN, "hard": Wish.HARD_DRAIN}


def admin_app(balancer: "Balancer") -> web.Application:
    """All operator endpoints of one balancer."""
    app = operator_app(balancer.settings.admin_token.get_secret_value())
    add_clock_routes(app, balancer.clock, in_flight=lambda: balancer.roster.in_flight)
    fleet = balancer.fleet

    def now() -> float:
        return asyncio.get_running_loop().time()

    def node_answer(node: Node) -> web.Response:
        return web.json_response(describe_node(node, balancer.bindings, now()))

    async def status(_request: web.Request) -> web.Response:
        balancer.bindings.expire(balancer.clock.now_ms())  # policy time may have jumped since the last sweep
        return web.json_response(describe(balancer, now()))

    async def ready(request: web.Request) -> web.Response:
        return node_answer(fleet.wish(request.match_info["id"], Wish.READY, now()))

    async def drain(request: web.Request) -> web.Response:
        body = await json_object(request) if request.can_read_body else {}
        mode = body.get("mode", "soft")
        if not isinstance(mode, str) or mode not in _DRAINS:
            raise CallerError(400, f"drain mode {mode!r:.40} is neither 'soft' nor 'hard'")
        return node_answer(fleet.wish(request.match_info["id"], _DRAINS[mode], now()))

    async def maintenance(request: web.Request) -> web.Response:
        return node_answer(fleet.wish(request.match_info["id"], Wish.MAINTENANCE, now()))

    async def put(request: web.Request) -> web.Response:
        body: dict[str, Any] = {**await json_object(request), "id": request.match_info["id"]}
        try:
            upstream = Upstream.model_validate(body)
        except ValidationError as error:
            raise CallerError(400, explain(error)) from error
        balancer.following.refuse_if_found(upstream.id)
        return node_answer(fleet.join(upstream, now()))

    async def delete(request: web.Request) -> web.Response:
        balancer.following.refuse_if_found(request.match_info["id"])
        fleet.remove(request.match_info["id"])
        return web.Response(status=204)

    async def stats(_request: web.Request) -> web.Response:
        from loadbalancer.stats_page import render

        page = render(describe(balancer, now()), _latest(balancer, _SHOWN))
        return web.Response(text=page, content_type="text/html", headers=_PAGE_HEADERS)

    async def requests(request: web.Request) -> web.Response:
        return web.json_response(_latest(balancer, shown_limit(request, default=_SHOWN)))

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=exposition(balancer), headers={"Content-Type": CONTENT_TYPE_LATEST})

    node = f"{OPERATOR_PREFIX}/nodes/{{id}}"
    app.middlewares.insert(0, _token_of_page)
    app.router.add_get(_STATS, stats)
    app.router.add_get(f"{OPERATOR_PREFIX}/requests", requests)
    app.router.add_get(f"{OPERATOR_PREFIX}/metrics", metrics)
    app.router.add_get(f"{OPERATOR_PREFIX}/status", status)
    app.router.add_post(f"{node}/ready", ready)
    app.router.add_post(f"{node}/drain", drain)
    app.router.add_post(f"{node}/maintenance", maintenance)
    app.router.add_put(node, put)
    app.router.add_delete(node, delete)
    return app


@web.middleware
async def _token_of_page(request: web.Request, handler: Handler) -> web.StreamResponse:
    """A browser cannot send our header from its address line: for the page alone, the token may be in the query."""
    if request.path == _STATS and (token := request.query.get("token")):
        request = request.clone(headers={**request.headers, OPERATOR_TOKEN: token})
    return await handler(request)


def _latest(balancer: "Balancer", limit: int) -> list[dict[str, Any]]:
    """The latest requests as JSON, newest first."""
    return [entry.as_json() for entry in balancer.journal.latest(limit)]
