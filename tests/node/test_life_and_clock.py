"""From STARTING to STOPPING, the operator endpoints, and the clock that travels with each request."""

import asyncio
import time

import pytest

from node.life import NodeLife
from shared.clock import Anchor, AnchorSeal
from shared.contract import CLOCK_STAMP, NodeState
from shared.errors import DependencyError, OperatorError
from tests.support.nodes import TOKEN, running_node

HOUR_MS = 3_600_000


async def test_status_says_running(node):
    """The body balancers read; nobody needs to log in."""
    answer = await node.browser().request("GET", "/status")
    assert (answer.status, answer.body) == (200, b'{"state":"RUNNING"}')


async def test_a_slow_start_is_over_when_an_operator_says_so():
    """Before and after it a node takes no order to be RUNNING out of turn."""
    life = NodeLife()
    with pytest.raises(OperatorError, match="takes no orders"):
        life.order(NodeState.RUNNING)
    slow = asyncio.create_task(life.stay_starting(3600))
    await asyncio.sleep(0)

    life.order(NodeState.RUNNING)
    await slow

    assert life.state is NodeState.STARTING
    await life.stay_starting(0.01)


async def test_two_nodes_may_prepare_an_empty_database_at_once(stores):
    """One of them makes the tables, the other one waits; both serve the seed users."""
    url = await stores.empty_database()
    async with (
        asyncio.timeout(60),
        running_node(stores, url, "node-1") as one,
        running_node(stores, url, "node-2") as two,
    ):
        for node in (one, two):
            await node.logged_in("dave")


async def test_a_port_that_is_taken_is_one_clear_error(node, stores, database_url):
    """The message names the address and what to do."""
    taken = {"port": node.settings.port, "reuse_port": False}
    with pytest.raises(OperatorError, match=f"cannot listen on 127.0.0.1:{node.settings.port}"):
        async with running_node(stores, database_url, **taken):
            pass


async def test_a_database_that_never_answers_ends_the_node(stores, monkeypatch):
    """After its patience, with what was tried."""
    monkeypatch.setattr("node.store.schema.BOOT_PATIENCE_S", 0.2)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with running_node(stores, "postgresql://nobody@127.0.0.1:1/none"):
            pass
    assert caught.group_contains(DependencyError, match="Postgres")


async def test_operator_endpoints_need_the_token(node):
    """401 without it, and the application's port does not have them at all."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/status"
    for headers in ({}, {"X-Dcsim-Token": "wrong"}):
        async with node.client.get(url, headers=headers) as response:
            assert response.status == 401
    async with node.client.get(url, headers={"Authorization": f"Bearer {TOKEN}"}) as response:
        assert (await response.json())["node"] == "node-1"
    assert (await node.browser().request("GET", "/-/status")).status == 404


async def test_the_operator_sees_what_the_node_remembers(node):
    """Sessions and Crowd entries with the policy instants at which they end; never a session's id."""
    browser = await node.logged_in("alice")
    caches = await node.operator("GET", "/caches?user=alice")
    (session,), (entry,) = caches["web_sessions"], caches["crowd"]
    assert session["ends_ms"] - session["last_ms"] == 5 * HOUR_MS
    assert entry["ends_ms"] - entry["validated_ms"] == HOUR_MS // 4
    assert browser.session_id not in str(caches)


async def test_a_node_behind_takes_the_stamped_clock_before_it_answers(node):
    """A login that has expired on the cluster's clock is refused, even if this node slept through the jump."""
    browser = await node.logged_in("alice")
    reading = await node.operator("GET", "/clock")
    jumped = Anchor.parse(reading["anchor"]).moved(time.monotonic_ns(), to_ms=reading["now_ms"] + 5 * HOUR_MS)
    forged = await browser.request("GET", "/rest/auth/1/session", headers={CLOCK_STAMP: f"{jumped};forged"})
    assert forged.status == 200
    stamp = AnchorSeal(TOKEN).stamp(jumped)
    answer = await browser.request("GET", "/rest/auth/1/session", headers={CLOCK_STAMP: stamp})
    assert (answer.status, answer.session_ended) == (401, "idle")
    assert (await node.operator("GET", "/clock"))["generation"] == jumped.generation


@pytest.mark.parametrize(
    "path",
    [f"/invalidations?limit={10**30}", "/remember-me?user=%00", "/captcha-due?user=a%00"],
)
async def test_what_cannot_be_asked_for_is_refused(node, path):
    """400, as for any mistake of the one who asks, and not what tells of a broken node."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-{path}"
    async with node.client.get(url, headers={"X-Dcsim-Token": TOKEN}) as response:
        assert response.status == 400
        assert (await response.json())["error"]


@pytest.mark.parametrize(
    "body", ["{}", '{"anchor": "noon"}', f'{{"anchor": "1;{10**15};0;1"}}', "[]", "x", "[" * 30_000]
)
async def test_a_bad_anchor_is_refused(node, body):
    """400 with the form that is expected."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/clock"
    async with node.client.put(url, data=body, headers={"X-Dcsim-Token": TOKEN}) as response:
        assert response.status == 400
        assert (await response.json())["error"]


async def test_an_older_anchor_is_a_conflict(node):
    """Whoever steers on an old reading is told so."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/clock"
    await node.step(1000)
    body = {"anchor": str(Anchor(0, 0, 0, 0))}
    async with node.client.put(url, json=body, headers={"X-Dcsim-Token": TOKEN}) as response:
        assert response.status == 409
