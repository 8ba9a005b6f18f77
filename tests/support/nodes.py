"""Real nodes inside the test's own process: real sockets, real Postgres, real Valkey, a clock that stands still."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from compose.cluster.ports import PortReservation
from compose.people.browser import Browser, open_client
from node.app import run_node
from shared.clock import Anchor
from shared.contract import OPERATOR_TOKEN
from shared.settings import NodeSettings
from tests.support.stores import SEEDED_AT_MS, TestStores

TOKEN = "test-admin-token"
ACCOUNTS = ("admin", "alice", "bob", "carol", "dave")


class NodeUnderTest:
    """A running node: where it is, browsers for it, and its operator endpoints."""

    def __init__(self, settings: NodeSettings, client: aiohttp.ClientSession, running: asyncio.Task[None]) -> None:
        self.settings = settings
        self.id = settings.node_id
        self.url = settings.url + settings.context_path
        self.client = client
        self.ended = running.done
        self._operator = f"http://127.0.0.1:{settings.operator_port}/-"

    def browser(self, cookies=None) -> Browser:
        return Browser(self.client, self.url, cookies)

    async def logged_in(self, username: str, *, remember: bool = False) -> Browser:
        """A browser in which a seed user has logged in by the form."""
        browser = self.browser()
        answer = await browser.log_in(username, username, remember=remember)
        assert answer.status == 302, answer
        return browser

    async def operator(self, method: str, path: str, **options) -> dict:
        headers = {OPERATOR_TOKEN: TOKEN}
        async with self.client.request(method, self._operator + path, headers=headers, **options) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def metrics(self) -> str:
        """What Prometheus would scrape."""
        async with self.client.get(self._operator + "/metrics", headers={OPERATOR_TOKEN: TOKEN}) as response:
            assert response.status == 200, await response.text()
            return await response.text()

    async def step(self, by_ms: int) -> None:
        """Moves this node's policy time."""
        anchor = Anchor.parse((await self.operator("GET", "/clock"))["anchor"])
        await self.operator("PUT", "/clock", json={"anchor": str(anchor.moved(0, to_ms=anchor.policy_ms + by_ms))})


@asynccontextmanager
async def running_node(
    stores: TestStores, database_url: str, node_id: str = "node-1", **settings: object
) -> AsyncIterator[NodeUnderTest]:
    """One node for the length of the block; `settings` are NodeSettings. Policy time stands still until stepped."""
    with PortReservation() as port, PortReservation() as operator_port:
        reading, writing = os.pipe()
        given = {
            "admin_token": TOKEN,
            "node_id": node_id,
            "port": port.port,
            "operator_port": operator_port.port,
            "reuse_port": True,
            "url": f"http://127.0.0.1:{port.port}",
            "base_url": f"http://127.0.0.1:{port.port}",
            "postgres_url": database_url,
            "redis_url": stores.redis_url,
            "redis_namespace": database_url.rpartition("/")[2],
            "clock": Anchor(0, SEEDED_AT_MS, time.monotonic_ns(), 0),
            "argon2_memory_kib": 8,
            "pool_size": 4,
            "lame_duck_s": 0,
            "stop_grace_s": 1,
            "ready_fd": writing,
        }
        node_settings = NodeSettings.model_validate(given | settings)
        stop = asyncio.Event()
        running = asyncio.create_task(run_node(node_settings, stop))
        try:
            await _until_ready(reading, writing, running)
            async with open_client() as client:
                yield NodeUnderTest(node_settings, client, running)
        finally:
            stop.set()
            if not running.done():
                await asyncio.wait_for(running, 15)


async def _until_ready(reading: int, writing: int, running: asyncio.Task[None]) -> None:
    """The node's own readiness line; if it ends before, its error is ours."""
    line = asyncio.get_running_loop().run_in_executor(None, os.read, reading, 4096)
    try:
        await asyncio.wait({line, running}, timeout=30, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            os.close(writing)
            running.result()
    finally:
        await line
        os.close(reading)


@asynccontextmanager
async def two_nodes(stores: TestStores, database_url: str, **settings: object):
    """node-1 and node-2 of one cluster."""
    async with (
        running_node(stores, database_url, "node-1", **settings) as first,
        running_node(stores, database_url, "node-2", **settings) as second,
    ):
        yield first, second
