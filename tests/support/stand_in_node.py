"""Stands in for `python -m node`: same settings, ports and readiness, no Jira inside.

Policy time is real: it serves the operator's clock. `DCSIM_SWITCHES` and stores are read and left alone.
"""

import asyncio
import sys

from aiohttp import web

from shared.clock import PolicyClock
from shared.operator_api import add_clock_routes, operator_app
from shared.serving import announce_ready, listen, run_program, serving
from shared.settings import NodeSettings


async def main(stop: asyncio.Event) -> None:
    settings = NodeSettings.from_environment()
    clock = PolicyClock(settings.clock)
    operator = operator_app(settings.admin_token.get_secret_value())
    add_clock_routes(operator, clock)

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


if __name__ == "__main__":
    sys.exit(run_program(main))
