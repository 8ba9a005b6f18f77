"""An invalidating call whose commit cannot be done: nobody waits for nodes then, but the caller must not wait either."""

import asyncio

import aiohttp
import pytest

from node.store.engine import UNANSWERED_S
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster
from tests.support.stale_load import ADMIN

CALLERS = 30
"""More than a node has connections to its database."""
PATIENCE_S = 2 * UNANSWERED_S
"""What is promised, and as much again for a machine that is busy with 30 callers and two nodes. Callers whom nothing
limits would wait for minutes."""


@pytest.mark.parametrize("kind", ["freeze", "cut-in", "cut-out"])
async def test_the_caller_is_told_in_bounded_time(kind):
    """503 with Retry-After, for every caller, whether it was under way when the link fell silent or came afterwards."""
    limit = aiohttp.ClientTimeout(total=PATIENCE_S)
    async with cheap_cluster(nodes=2, delivery=Delivery.FENCED) as (cluster, _), aiohttp.ClientSession() as client:
        url = f"{cluster.nodes['node-1'].url}/rest/api/2/user/session"

        async def call(name):
            async with client.delete(f"{url}/{name}", headers=ADMIN, timeout=limit) as answer:
                await answer.read()
                return answer.status, answer.headers.get("Retry-After")

        assert await call("alice") == (200, None)
        under_way = [asyncio.create_task(call(name)) for name in ("alice", "bob")]
        await cluster.links.fault("node-1->postgres", kind)
        afterwards = [asyncio.create_task(call("carol")) for _ in range(CALLERS)]
        assert {await task for task in under_way} <= {(200, None), (503, "2")}
        assert {await task for task in afterwards} == {(503, "2")}
        await cluster.links.heal_all()
