"""What checks find, and what the balancer makes of it."""

import asyncio
import random
import signal
import time
from contextlib import closing, suppress

import aiohttp
import pytest

from loadbalancer.health import HealthChecks, judge
from loadbalancer.nodes import Node, NodeRules, Roster
from loadbalancer.policy import CheckOutcome, CheckRules
from shared.clock import Anchor, PolicyClock
from shared.settings import Upstream
from tests.support.backends import Recorder, running_backends
from tests.support.balancers import running_balancer, settings_of
from tests.support.eventually import eventually


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


async def test_a_status_is_read_to_its_end():
    """Half of it has arrived before the rest is sent, and is not taken for the whole."""

    async def answer(reader, writer):
        with closing(writer), suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{"state":')
            await asyncio.sleep(0.05)
            writer.write(b'"RUNNING"}')

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        node = Node(Upstream(id="node-1", host="127.0.0.1", port=port), NodeRules(CheckRules(fall=1, rise=1)), now=0.0)
        roster = Roster()
        roster.put(node)
        checks = HealthChecks(settings_of([]), roster, PolicyClock(), chance=random.Random(1))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(checks.run())
            await checks.first_round.wait()
            task.cancel()
    assert node.check_words == "HTTP 200, RUNNING"


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


async def test_a_check_that_hangs_does_not_hold_up_the_next():
    """One starts every interval, so a hung node is found after fall x interval + timeout, and a slow check is no pause."""
    hung = asyncio.Event()
    unanswered = []

    async def node(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        if hung.is_set():
            unanswered.append(writer)
            return
        writer.write(Recorder.RUNNING)
        writer.close()

    async with await asyncio.start_server(node, "127.0.0.1", 0) as server:
        upstream = Upstream(id="node-1", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
        roster = Roster()
        roster.put(Node(upstream, NodeRules(CheckRules(fall=2, rise=1)), now=0.0))
        settings = settings_of([], health_interval_s=0.05, health_timeout_s=600.0)
        clock = PolicyClock(Anchor(0, 0, time.monotonic_ns(), 0))
        checks = HealthChecks(settings, roster, clock, chance=random.Random(1))
        running = asyncio.create_task(checks.run())
        await checks.first_round.wait()
        hung.set()
        await eventually(lambda: len(unanswered) >= 3)
        running.cancel()
        await asyncio.wait({running})
        for writer in unanswered:
            writer.close()


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
                async with session.post(balancer.url + "/work?s=2") as answer:
                    return answer.status

            task = asyncio.create_task(work())
            await asyncio.to_thread(balancer.wait_for, lambda status: status["nodes"][0]["in_flight"] == 1)
            nodes[0].signal(signal.SIGSTOP)
            await asyncio.to_thread(balancer.wait_for_health, "node-1", "down")
            assert not task.done()
            nodes[0].signal(signal.SIGCONT)
            assert await task == 200
