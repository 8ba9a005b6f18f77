"""Policy time over a whole cluster: exact limits, jumps, late nodes, and no request on an old clock."""

import asyncio
import json
import os
import signal

import pytest

from compose.people.browser import Browser
from shared.clock import Anchor
from shared.contract import REMEMBER_ME_COOKIE, SESSION_COOKIE
from shared.errors import OperatorError
from tests.support.clusters import running_cluster
from tests.support.eventually import eventually

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


async def log_in(cluster, client, username="alice", *, node=None, remember=False):
    url = cluster.nodes[node].url if node else cluster.base_url
    browser = Browser(client, url)
    assert (await browser.log_in(username, username, remember=remember)).status == 302
    return browser


async def readings(cluster):
    return await cluster.clock.read()


async def test_all_three_limits_are_exact_to_the_millisecond(cluster, client):
    """Fifteen minutes of Crowd (absolute), five hours idle (sliding), fourteen days of a token: one millisecond before
    it holds, one after it does not. Nobody waited."""
    await cluster.clock.pause()
    alice = await log_in(cluster, client, "alice", remember=True)
    token = alice.carrying(REMEMBER_ME_COOKIE)
    admin = await log_in(cluster, client, "admin", node="node-1")
    victim = await log_in(cluster, client, "bob", node="node-2")
    await admin.request("PUT", "/rest/api/2/user?username=bob", json={"active": False})
    for _ in range(3):  # use does not prolong a Crowd entry
        await cluster.clock.step(by_ms=5 * MINUTE_MS - (1 if _ == 2 else 0))
        assert (await victim.who_am_i()).status == 200
    await cluster.clock.step(by_ms=1)
    assert (await victim.who_am_i()).session_ended == "crowd"

    session = alice.carrying(SESSION_COOKIE, "ROUTEID")
    await session.who_am_i()
    await cluster.clock.step(by_ms=5 * HOUR_MS - 1)
    assert (await session.who_am_i()).status == 200
    await cluster.clock.step(by_ms=5 * HOUR_MS)
    assert (await session.who_am_i()).session_ended == "idle"

    passed_ms = 15 * MINUTE_MS + 10 * HOUR_MS - 1
    await cluster.clock.step(by_ms=14 * DAY_MS - passed_ms)
    assert (await token.carrying(REMEMBER_ME_COOKIE).who_am_i()).known_via == "remember-me"
    await cluster.clock.step(by_ms=1)
    assert (await token.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401


async def test_after_a_jump_every_process_reads_the_same_time(cluster):
    """While time stands still all agree to the millisecond; running, they share the anchor."""
    await cluster.clock.rate(3600)
    stepped = await cluster.clock.step(by_ms=DAY_MS)
    assert stepped.after_ms - stepped.before_ms == DAY_MS
    assert stepped.late == ()
    await cluster.clock.pause()
    found = await readings(cluster)
    assert len(found) == 4
    assert len({(reading.now_ms, str(reading.anchor)) for reading in found.values()}) == 1


async def test_nobodys_time_goes_back(cluster):
    """However fast it ran, a pause or a slower rate never shows a process an earlier time than before."""
    await cluster.clock.rate(3600)
    seen = dict.fromkeys(await readings(cluster), 0)
    for rate in (0, 60, 3600, 1, 3600, 0, 1):
        await cluster.clock.rate(rate)
        for _ in range(3):
            for name, reading in (await readings(cluster)).items():
                assert reading.now_ms >= seen[name]
                seen[name] = reading.now_ms


async def test_a_jump_leaves_living_nodes_alive_and_finds_dead_ones(cluster, client):
    """Skipping fourteen days is no missed heartbeat for whoever runs; a node that was killed is not alive after it."""
    admin = await log_in(cluster, client, "admin", node="node-1")
    await cluster.kill("node-3")
    await cluster.clock.pause()
    await cluster.clock.step(by_ms=10 * MINUTE_MS)
    admin = await log_in(cluster, client, "admin", node="node-1")
    nodes = json.loads((await admin.request("GET", "/rest/api/2/cluster/nodes")).body)
    assert {node["nodeId"]: node["alive"] for node in nodes} == {"node-1": True, "node-2": True, "node-3": False}


async def test_next_goes_from_end_to_end_of_what_people_have(cluster, client):
    """Crowd entry, web session, remember-me token: each at its very instant, in order."""
    await cluster.clock.pause()
    await log_in(cluster, client, "alice", node="node-2", remember=True)
    start_ms = (await readings(cluster))["node-2"].now_ms
    ends = []
    while True:
        deadline, stepped = await cluster.clock.run_to_next()
        if deadline is None:
            break
        ends.append((deadline.kind, deadline.who, stepped.after_ms - start_ms))
    assert ends == [
        ("crowd", "alice", 15 * MINUTE_MS),
        ("web-session", "alice", 5 * HOUR_MS),
        ("remember-me", "alice", 14 * DAY_MS + 1),
    ]


async def test_next_waits_for_requests_in_flight(cluster, client):
    """A jump to the next deadline needs quiescence; a request that never ends is named."""
    await log_in(cluster, client, "alice", node="node-2")
    reader, writer = await asyncio.open_connection("127.0.0.1", cluster.nodes["node-2"].address.port)
    writer.write(
        b"POST /rest/auth/1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    )
    await eventually(lambda: in_flight(cluster, "node-2"))
    with pytest.raises(OperatorError, match="node-2"):
        await cluster.clock.run_to_next()
    writer.close()
    await writer.wait_closed()
    await eventually(lambda: not_in_flight(cluster, "node-2"))
    deadline, _ = await cluster.clock.run_to_next()
    assert deadline.kind == "crowd"
    del reader


async def in_flight(cluster, node):
    return (await readings(cluster))[node].in_flight


async def not_in_flight(cluster, node):
    return (await readings(cluster))[node].in_flight == 0


async def test_a_skewed_node_is_early_and_only_that_node(cluster, client):
    """Seven minutes ahead, its Crowd entries end seven minutes early."""
    await cluster.clock.pause()
    admin = await log_in(cluster, client, "admin", node="node-1")
    people = {node: await log_in(cluster, client, "bob", node=node) for node in ("node-2", "node-3")}
    await admin.request("PUT", "/rest/api/2/user?username=bob", json={"active": False})
    await cluster.clock.skew("node-2", 7 * MINUTE_MS)
    await cluster.clock.step(by_ms=8 * MINUTE_MS)
    assert (await people["node-2"].who_am_i()).session_ended == "crowd"
    assert (await people["node-3"].who_am_i()).status == 200
    with pytest.raises(OperatorError, match="node-9"):
        await cluster.clock.skew("node-9", 1)


async def test_a_node_that_sleeps_through_a_jump_is_late_and_refuses_afterwards(cluster, client):
    """SIGSTOP, five hours, SIGCONT: the first request through the balancer is judged on the new clock."""
    await cluster.clock.pause()
    browser = await log_in(cluster, client)
    node = (await browser.who_am_i()).node
    pid = cluster.nodes[node].process.pid
    os.kill(pid, signal.SIGSTOP)
    stepped = await cluster.clock.step(by_ms=5 * HOUR_MS)
    assert stepped.late == (node,)
    os.kill(pid, signal.SIGCONT)
    answer = await browser.who_am_i()
    assert answer.status == 401
    if answer.node == node:  # the balancer may have given the node up meanwhile; both are refusals
        assert answer.session_ended == "idle"
    direct = Browser(client, cluster.nodes[node].url, browser.cookies)
    await eventually(lambda: refused(direct))


async def refused(browser):
    return (await browser.who_am_i()).status == 401


async def test_a_node_that_starts_late_starts_on_the_clusters_clock(cluster, client):
    """Whatever was stepped while it was down counts for it from its first answer on."""
    await cluster.clock.pause()
    await cluster.kill("node-2")
    await cluster.clock.step(by_ms=3 * DAY_MS)
    await cluster.start("node-2")
    found = await readings(cluster)
    assert found["node-2"].now_ms == found["node-1"].now_ms


@pytest.mark.parametrize("rounds", [100, pytest.param(1000, marks=pytest.mark.soak)])
async def test_no_jump_is_ever_missed_by_a_request(stores, warm, client, rounds):
    """While the clock jumps five hours again and again, each request that was sent after a jump is judged on it: the
    login of before is refused, every time, though the nodes have not heard of the jump."""
    async with running_cluster(stores, warm, nodes=2) as cluster:
        await cluster.clock.pause()
        anchor = await cluster.clock.newest()
        accepted_late = 0
        for _ in range(rounds):
            browser = await log_in(cluster, client)
            # Only the balancer is told: every node is behind, as if it had slept through the jump.
            anchor = anchor.moved(0, to_ms=anchor.policy_ms + 5 * HOUR_MS)
            await cluster.client.set_clock(cluster.balancer_admin_url, anchor)
            answer = await browser.who_am_i()
            accepted_late += answer.status == 200
        assert accepted_late == 0
        assert Anchor.parse(str((await readings(cluster))["balancer"].anchor)).generation >= rounds
