"""The Node.js sample of Atlassian's tutorial, run by node. It keeps JSESSIONID and no other cookie, so the balancer has
to find the way back by the session id itself."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

from shared.settings import Sticky
from tests.support.clusters import running_cluster
from tests.support.requirements import require

SAMPLE = Path(__file__).with_name("seed_sample.mjs")
CLOSED_BUGS = ["TEST-20", "TEST-17", "TEST-13", "TEST-2"]
PATIENCE_S = 30


@asynccontextmanager
async def running_sample(cluster):
    """Yields what searches and returns what the sample prints about it."""
    process = await asyncio.create_subprocess_exec(
        "node", SAMPLE, cluster.base_url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )

    async def printed():
        return json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))

    async def again():
        process.stdin.write(b"\n")
        return await printed()

    try:
        yield await printed(), again
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


async def test_the_sample_works_with_routes_in_the_session_id(stores, warm):
    """Below /jira as in the tutorial, again and again on the same node; when that dies, the 401 that it describes."""
    require("node")
    async with running_cluster(stores, warm, nodes=2, sticky=Sticky.JVM_ROUTE, context_path="/jira") as cluster:
        async with running_sample(cluster) as (first, again):
            assert (first["status"], first["keys"]) == (200, CLOSED_BUGS)
            for _ in range(4):
                assert await again() == first
            await cluster.kill(first["node"])
            refused = await again()
            assert (refused["status"], refused["keys"]) == (401, [])
            assert refused["result"] == "os_authType was 'any' and an invalid cookie was sent."
            assert refused["node"] != first["node"]


async def test_with_a_cookie_of_the_balancers_own_it_is_lost(stores, warm):
    """It brings back only JSESSIONID: each request is a new client to the balancer, and every other one is a 401."""
    require("node")
    async with running_cluster(stores, warm, nodes=2) as cluster:
        async with running_sample(cluster) as (first, again):
            answers = [first, *[await again() for _ in range(3)]]
            assert sorted(answer["status"] for answer in answers) == [200, 200, 401, 401]
            assert len({answer["node"] for answer in answers if answer["status"] == 200}) == 1
