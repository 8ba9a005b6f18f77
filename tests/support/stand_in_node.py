"""Stands in for `python -m node`: same settings, ports, readiness and clock, no Jira inside.

STAND_IN_FAILS in the environment names a node that does not start, STAND_IN_STUBBORN one that ignores SIGTERM.
"""

import asyncio
import os
import sys

from aiohttp import web

from shared.clock import PolicyClock
from shared.operator_api import add_clock_routes, operator_app
from shared.serving import announce_ready, listen, run_program, serving
from shared.settings import NodeSettings


async def main(stop: asyncio.Event) -> None:
    settings = NodeSettings.from_environment()
    if os.environ.get("STAND_IN_FAILS") == settings.node_id:
        sys.exit("no luck today")
    operator = operator_app(settings.admin_token.get_secret_value())
    add_clock_routes(operator, PolicyClock(settings.clock))

    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"state": "RUNNING", "version": str(settings.version)})

    app = web.Application()
    app.router.add_get(f"{settings.context_path}/status", status)
    operator.router.add_get("/-/status", status)
    users = listen(settings.host, settings.port, reuse_port=settings.reuse_port)
    operators = listen(settings.operator_host, settings.operator_port, reuse_port=settings.reuse_port)
    async with serving(app, users), serving(operator, operators):
        announce_ready(settings.ready_fd, node=settings.node_id)
        await stop.wait()
        if os.environ.get("STAND_IN_STUBBORN") == settings.node_id:
            await asyncio.Event().wait()


if __name__ == "__main__":
    sys.exit(run_program(main))
