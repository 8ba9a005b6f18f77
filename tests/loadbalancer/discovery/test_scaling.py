"""A cluster that grows and shrinks is followed within five seconds, and nobody's request fails for it."""

import asyncio
import json
import os
from contextlib import AsyncExitStack, asynccontextmanager

from compose.people.browser import Browser, open_client
from loadbalancer.app import Balancer
from loadbalancer.discovery.dns import DnsName
from loadbalancer.discovery.identity import StatusIdentity
from tests.support.backends import backends_to_start
from tests.support.balancers import running_balancer, settings_of
from tests.support.eventually import eventually
from tests.support.load import run_twice, under_load
from tests.support.names import FakeResolver
from tests.support.nodes import running_node

FOLLOWED_WITHIN_S = 5.0
THREE, FIVE = [1, 2, 3], [1, 2, 3, 4, 5]


async def test_the_clusters_own_table_is_followed(stores, database_url):
    """Real nodes that join and leave are found and forgotten; whoever was logged in on one that stays stays."""
    async with AsyncExitStack() as first, open_client() as client:
        for number in THREE:
            await first.enter_async_context(running_node(stores, database_url, f"node-{number}"))
        with running_balancer([], discovery="database", postgres_url=database_url) as balancer:

            async def serve(numbers):
                """Exactly these nodes do."""
                expected = [(f"node-{number}", "up") for number in numbers]
                await asyncio.to_thread(
                    balancer.wait_for,
                    lambda status: sorted((node["id"], node["health"]) for node in status["nodes"]) == expected,
                    within_s=FOLLOWED_WITHIN_S,
                )

            await serve(THREE)
            browser = Browser(client, balancer.url)
            assert (await browser.log_in("alice", "alice")).status == 302
            async with AsyncExitStack() as late:
                for number in (4, 5):
                    await late.enter_async_context(running_node(stores, database_url, f"node-{number}"))
                await serve(FIVE)
            await serve(THREE)

            answer = await browser.request("GET", "/rest/auth/1/session")
            assert (answer.status, answer.headers["X-Dcsim-Route"]) == (200, "bound")
            discovery = (await asyncio.to_thread(balancer.status))["discovery"]
            assert (discovery["trouble"], discovery["leaving"], discovery["mistakes"]) == (None, [], [])
            assert discovery["source"].startswith("table clusternode of postgresql")
            metrics = (await asyncio.to_thread(balancer.admin, "GET", "/-/metrics"))[1]
            assert "dcsim_discovery_up 1.0" in metrics


@asynccontextmanager
async def balancer_by_dns(resolver, port):
    """A balancer in the test's own process, which asks this resolver; its URL and itself."""
    reading, writing = os.pipe()
    settings = settings_of([], ready_fd=writing, discovery_interval_s=0.2, health_interval_s=0.1, stop_grace_s=1.0)
    source = DnsName("tasks.node", port, resolve=resolver, identify=StatusIdentity("/status", timeout_s=1.0))
    balancer, stop = Balancer(settings, source=source), asyncio.Event()
    running = asyncio.create_task(balancer.run(stop))
    with os.fdopen(reading) as pipe:
        facts = json.loads(await asyncio.to_thread(pipe.readline))
    try:
        yield f"http://127.0.0.1:{facts['port']}", balancer
    finally:
        stop.set()
        await running


async def test_a_name_in_dns_is_followed_under_load():
    """As Docker Swarm does it: a task leaves DNS before it is stopped, and enters it when it is healthy."""
    resolver = FakeResolver({"tasks.node": [f"127.0.0.{number}" for number in THREE]})
    with backends_to_start(5, stop_delay_s=1.0, apart=True) as nodes:
        for node in nodes[:3]:
            await asyncio.to_thread(node.start)
        async with balancer_by_dns(resolver, nodes[0].port) as (url, balancer):

            async def serve(numbers):
                expected = [f"node-{number}" for number in numbers]
                up = lambda: sorted(node.id for node in balancer.roster if node.health == "up")  # noqa: E731
                await eventually(lambda: up() == expected == sorted(node.id for node in balancer.roster), within_s=5.0)

            async def scale(load):
                for number in (4, 5):
                    await asyncio.to_thread(nodes[number - 1].start)
                    resolver.addresses["tasks.node"].append(f"127.0.0.{number}")
                await serve(FIVE)
                for number in (1, 2):
                    resolver.addresses["tasks.node"].remove(f"127.0.0.{number}")
                    await asyncio.to_thread(nodes[number - 1].terminate)
                await serve([3, 4, 5])

            load = await under_load(url, scale, gets=4, posts=4)

        assert [one for one in load.seen if one.status != 200 or not one.matched] == []
        assert {one.node for one in load.seen} == {f"node-{number}" for number in FIVE}
        assert run_twice(nodes.executed()) == {}
