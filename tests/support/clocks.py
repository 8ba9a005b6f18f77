"""Processes that have a policy clock and nothing else, in the test's own event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web

from shared.clock import Anchor, PolicyClock
from shared.operator_api import add_clock_routes, operator_app
from shared.serving import listen, serving

TOKEN = "a-token-for-tests"


class ClockedProcess:
    """What others know of it: `clock` and `url`. While `deaf` it takes calls and never answers. Its machine's monotonic
    clock is `ahead_ns` of the test's."""

    def __init__(self, anchor: Anchor, ahead_ns: int = 0) -> None:
        self.clock = PolicyClock(anchor.shifted(ahead_ns), monotonic_ns=lambda: time.monotonic_ns() + ahead_ns)
        self.deaf = False
        self.told: list[Anchor] = []
        self.url = ""


@asynccontextmanager
async def clocked_processes(
    *names: str, anchor: Anchor, ahead_ns: Mapping[str, int] | None = None
) -> AsyncIterator[dict[str, ClockedProcess]]:
    async with AsyncExitStack() as stack:
        processes = {}
        for name in names:
            process = processes[name] = ClockedProcess(anchor, (ahead_ns or {}).get(name, 0))
            sock = listen("127.0.0.1", 0)
            process.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            await stack.enter_async_context(serving(_app(process), sock, stop_grace_s=0))
        yield processes


def _app(process: ClockedProcess) -> web.Application:

    @web.middleware
    async def may_be_deaf(request: web.Request, handler) -> web.StreamResponse:
        if process.deaf:
            await asyncio.Event().wait()
        if request.method == "PUT":
            process.told.append(Anchor.parse((await request.json())["anchor"]))
        return await handler(request)

    app = operator_app(TOKEN)
    app.middlewares.append(may_be_deaf)
    add_clock_routes(app, process.clock)
    return app
