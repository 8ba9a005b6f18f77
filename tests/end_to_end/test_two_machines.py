"""Policy time across machines: a node in a time namespace, where monotonic time is a day ahead, as on another host."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from contextlib import asynccontextmanager

import pytest

from compose.cluster.ports import PortReservation
from compose.people.browser import open_client
from shared.clock import Anchor
from shared.contract import OPERATOR_TOKEN
from shared.settings import NodeSettings
from tests.support.backends import REPOSITORY
from tests.support.balancers import TOKEN, running_balancer
from tests.support.eventually import eventually

DAY_S = 24 * 3600
HOUR_MS = 3_600_000


def other_machine():
    """The command that runs a program with another monotonic clock; skips the test where that is not possible."""
    command = ["unshare", "--time", "--fork", "--kill-child", "--monotonic", str(DAY_S)]
    works = (
        shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    )
    if not works:
        pytest.skip("no time namespaces here: they need Linux, util-linux and root")
    return command


class ThereNode:
    """A node on the other machine."""

    def __init__(self, settings, client):
        self.upstream = {"id": settings.node_id, "host": "127.0.0.1", "port": settings.port}
        self._url = f"http://127.0.0.1:{settings.operator_port}/-/clock"
        self._client = client

    async def clock(self):
        async with self._client.get(self._url, headers={OPERATOR_TOKEN: TOKEN}) as answer:
            return await answer.json()


@asynccontextmanager
async def node_there(stores, database_url):
    with PortReservation() as port, PortReservation() as operator_port:
        settings = NodeSettings(
            admin_token=TOKEN,
            node_id="node-1",
            port=port.port,
            operator_port=operator_port.port,
            reuse_port=True,
            postgres_url=database_url,
            redis_url=stores.redis_url,
            redis_namespace=database_url.rpartition("/")[2],
            argon2_memory_kib=8,
            lame_duck_s=0,
            log_level="warning",
        )
        process = await asyncio.create_subprocess_exec(
            *other_machine(),
            *(sys.executable, "-m", "node"),
            cwd=REPOSITORY,
            env={**os.environ, **settings.to_environment()},
        )
        try:
            async with open_client() as client:
                yield ThereNode(settings, client)
        finally:
            process.kill()
            await process.wait()


async def move(balancer, **change):
    """Tells the balancer, and nobody else, a newer anchor."""
    anchor = Anchor.parse((await ask(balancer, "GET", "/-/clock"))["anchor"])
    await ask(balancer, "PUT", "/-/clock", {"anchor": str(anchor.moved(time.monotonic_ns(), **change))})


async def ask(balancer, method, path, body=None):
    status, answer = await asyncio.to_thread(balancer.admin, method, path, body)
    assert status == 200, answer
    return answer


async def agree(balancer, there, *, generation, bound_ms):
    """Waits until both are on that anchor; then what the node shows lies between two looks at the balancer's clock."""

    async def told():
        return (await there.clock())["generation"] == generation

    await eventually(told, what=f"the node is on generation {generation}")
    before = (await ask(balancer, "GET", "/-/clock"))["now_ms"]
    shown = (await there.clock())["now_ms"]
    after = (await ask(balancer, "GET", "/-/clock"))["now_ms"]
    assert before - bound_ms <= shown <= after + bound_ms


async def test_a_node_on_another_machine_follows_the_policy_clock(stores, database_url):
    """Stepped, paused and running, to within the error that the balancer has measured and tells."""
    async with node_there(stores, database_url) as there:
        with running_balancer([there.upstream]) as balancer:
            await asyncio.to_thread(balancer.wait_for_health, "node-1", "up", within_s=40.0)
            row = await asyncio.to_thread(balancer.node, "node-1")
            assert abs(row["clock_offset_s"] - DAY_S) <= row["clock_offset_bound_s"] + 0.001
            bound_ms = 1 + row["clock_offset_bound_s"] * 1000

            now_ms = (await ask(balancer, "GET", "/-/clock"))["now_ms"]
            await move(balancer, to_ms=now_ms + HOUR_MS, rate=0)
            await agree(balancer, there, generation=1, bound_ms=0)
            assert (await there.clock())["now_ms"] == now_ms + HOUR_MS
            await move(balancer, rate=1)
            await agree(balancer, there, generation=2, bound_ms=bound_ms)

        with running_balancer([there.upstream]) as restarted:
            await asyncio.to_thread(restarted.wait_for_health, "node-1", "up")
            row = await asyncio.to_thread(restarted.node, "node-1")
            clock = await ask(restarted, "GET", "/-/clock")
            assert clock["generation"] == 2
            await agree(restarted, there, generation=2, bound_ms=bound_ms + row["clock_offset_bound_s"] * 1000)
