"""What checks find, and what the balancer makes of it."""

import asyncio
import signal

import aiohttp
import pytest

from loadbalancer.health import judge
from loadbalancer.policy import CheckOutcome
from tests.support.backends import running_backends
from tests.support.balancers import running_balancer


@pytest.mark.parametrize(
    ("status", "body", "outcome", "naive"),
    [
        (200, b'{"state":"RUNNING"}', CheckOutcome.RUNNING, CheckOutcome.RUNNING),
        (200, b'{"state":"STARTING"}', CheckOutcome.NOT_RUNNING, CheckOutcome.RUNNING),
        (200, b'{"state":"STOPPING"}', CheckOutcome.NOT_RUNNING, CheckOutcome.RUNNING),
        (200, b'{"state":"FIRST_RUN"}', CheckOutcome.NOT_RUNNING, CheckOutcome.RUNNING),
        (503, b'{"state":"MAINTENANCE"}', CheckOutcome.NOT_RUNNING, CheckOutcome.FAILED),
        (500, b'{"state":"ERROR"}', CheckOutcome.NOT_RUNNING, CheckOutcome.FAILED),
        (500, b'{"state":"RUNNING"}', CheckOutcome.NOT_RUNNING, CheckOutcome.FAILED),
        (200, b'{"state":"LOVELY"}', CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (200, b'{"state":["RUNNING"]}', CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (200, b'["RUNNING"]', CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (200, b"RUNNING", CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (200, b"[" * 60_000, CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (200, b"\xff", CheckOutcome.FAILED, CheckOutcome.RUNNING),
        (302, b"", CheckOutcome.FAILED, CheckOutcome.FAILED),
    ],
)
def test_only_200_and_running_is_ready(status, body, outcome, naive):
    """The state decides, not the status alone; the naive variant trusts the status."""
    assert judge(status, body, naive=False)[0] is outcome
    assert judge(status, body, naive=True)[0] is naive


async def set_state(node, state):
    async with aiohttp.request("POST", f"http://127.0.0.1:{node.port}/state/{state}"):
        pass


@pytest.mark.parametrize("naive", [False, True])
async def test_a_node_that_says_starting_is_out_unless_checks_are_naive(naive):
    """200 with STARTING takes a node out at the next check; naive checks leave it in."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams, health_naive=naive) as balancer:
        await set_state(nodes[0], "STARTING")
        checks = balancer.node("node-1")["checks"]
        await asyncio.to_thread(balancer.wait_for, lambda status: status["nodes"][0]["checks"] >= checks + 2)
        assert balancer.node("node-1")["health"] == ("up" if naive else "down")
        await set_state(nodes[0], "RUNNING")
        await asyncio.to_thread(balancer.wait_for_health, "node-1", "up")


async def test_what_runs_on_a_stopping_node_may_finish():
    """A node declared down by its own word keeps the requests it has; only silence cuts them."""
    with running_backends(2) as nodes, running_balancer(nodes.upstreams, sticky="source") as balancer:
        async with aiohttp.ClientSession() as session:

            async def work():
                async with session.post(balancer.url + "/work?s=2") as answer:
                    return answer.status, (await answer.json())["node"]

            task = asyncio.create_task(work())
            status = await asyncio.to_thread(
                balancer.wait_for, lambda status: any(node["in_flight"] for node in status["nodes"])
            )
            busy = next(node["id"] for node in status["nodes"] if node["in_flight"])
            await set_state(nodes[busy], "STOPPING")
            await asyncio.to_thread(balancer.wait_for_health, busy, "down")
            assert await task == (200, busy)


async def test_a_hung_node_keeps_its_requests_when_shutdown_sessions_is_off():
    """Without shutdown_sessions a request on a hung node waits, and is answered when the node comes back."""
    with running_backends(1) as nodes, running_balancer(nodes.upstreams, shutdown_sessions=False) as balancer:
        async with aiohttp.ClientSession() as session:

            async def work():
                async with session.post(balancer.url + "/work?s=0.2") as answer:
                    return answer.status

            task = asyncio.create_task(work())
            await asyncio.to_thread(balancer.wait_for, lambda status: status["nodes"][0]["in_flight"] == 1)
            nodes[0].signal(signal.SIGSTOP)
            await asyncio.to_thread(balancer.wait_for_health, "node-1", "down")
            assert not task.done()
            nodes[0].signal(signal.SIGCONT)
            assert await task == 200
