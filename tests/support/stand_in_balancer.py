"""Stands in for `python -m loadbalancer`: hands every request to the first node, and finds all nodes up.

STAND_IN_FINDS_NOBODY in the environment makes it find none.
"""

import asyncio
import os
import sys

import aiohttp
from aiohttp import web

from shared.clock import PolicyClock
from shared.operator_api import add_clock_routes, operator_app
from shared.serving import announce_ready, listen, run_program, serving
from shared.settings import BalancerSettings


async def main(stop: asyncio.Event) -> None:
    settings = BalancerSettings.from_environment()
    operator = operator_app(settings.admin_token.get_secret_value())
    add_clock_routes(operator, PolicyClock(settings.clock))
    takes_new = "STAND_IN_FINDS_NOBODY" not in os.environ

    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"nodes": [{"id": node.id, "takes_new": takes_new} for node in settings.nodes]})

    async def forward(request: web.Request) -> web.Response:
        node = settings.nodes[0]
        async with aiohttp.request("GET", f"http://{node.host}:{node.port}{request.path_qs}") as answer:
            return web.json_response(await answer.json(), status=answer.status)

    operator.router.add_get("/-/status", status)
    app = web.Application()
    app.router.add_get("/{path:.*}", forward)
    users = listen(settings.host, settings.port, reuse_port=settings.reuse_port)
    operators = listen(settings.admin_host, settings.admin_port, reuse_port=settings.reuse_port)
    async with serving(app, users), serving(operator, operators):
        announce_ready(settings.ready_fd)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(run_program(main))
