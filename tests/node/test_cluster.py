"""The cluster: who is alive, who is given up, what an administrator may do to the dead, and what /status shows."""

import json

import pytest

from compose.people.browser import open_client
from node.cluster import LOST_MS, NO_HEARTBEAT_MS, Fate, fate, is_alive
from node.store import cluster_nodes
from node.store.cluster_nodes import ClusterNode
from node.store.engine import open_database
from shared.contract import SERVED_BY, NodeState
from tests.support.eventually import eventually
from tests.support.nodes import TOKEN, running_node

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
NODES = "/rest/api/2/cluster/nodes"
NODE = "/rest/api/2/cluster/node"


def row(state="ACTIVE", *, heartbeat_ms=0, changed_ms=0):
    return ClusterNode("node-1", state, changed_ms, "127.0.0.1", 40001, 9_110_000, "9.11.0", "http://x", heartbeat_ms)


def test_a_node_is_alive_for_five_minutes_after_its_last_heartbeat():
    """And only while it is ACTIVE."""
    assert is_alive(row(), now_ms=NO_HEARTBEAT_MS - 1)
    assert not is_alive(row(), now_ms=NO_HEARTBEAT_MS)
    assert not is_alive(row("OFFLINE"), now_ms=0)


@pytest.mark.parametrize(
    ("node", "now_ms", "expected"),
    [
        (row(), LOST_MS - 1, Fate.STAYS),
        (row(), LOST_MS, Fate.GOES_OFFLINE),
        (row("OFFLINE", changed_ms=5), LOST_MS + 4, Fate.STAYS),
        (row("OFFLINE", changed_ms=5), LOST_MS + 5, Fate.IS_REMOVED),
    ],
)
def test_two_days_to_offline_and_two_more_to_nothing(node, now_ms, expected):
    """To the millisecond."""
    assert fate(node, now_ms=now_ms, removes=True) is expected


def test_before_8_10_nobody_is_removed():
    """An administrator had to."""
    assert fate(row("OFFLINE"), now_ms=10 * LOST_MS, removes=False) is Fate.STAYS


async def nodes_seen_by(admin):
    return {
        node["nodeId"]: (node["state"], node["alive"]) for node in json.loads((await admin.request("GET", NODES)).body)
    }


async def until_seen(admin, expected):
    async def seen():
        return await nodes_seen_by(admin) == expected

    await eventually(seen, what=str(expected))


@pytest.fixture
async def with_a_dead_one(stores, database_url, monkeypatch):
    """node-1 runs, node-2 was killed: it never wrote that it left."""

    async def killed(_self):
        return None

    async with running_node(stores, database_url, "node-1") as node:
        with monkeypatch.context() as patch:
            async with running_node(stores, database_url, "node-2"):
                patch.setattr("node.membership.Membership.leave", killed)
        yield node


async def test_a_dead_node_is_active_then_silent_then_offline_then_gone(with_a_dead_one):
    """Five minutes, two days, two more; a jump ends in an ordinary minute, in which whoever lives has beaten."""
    node = with_a_dead_one
    admin = await node.logged_in("admin")
    assert await nodes_seen_by(admin) == {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", True)}
    await node.step(5 * MINUTE_MS)
    await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", False)})
    for expected in ({"node-1": ("ACTIVE", True), "node-2": ("OFFLINE", False)}, {"node-1": ("ACTIVE", True)}):
        await node.step(2 * DAY_MS)
        admin = await node.logged_in("admin")
        await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": (await nodes_seen_by(admin))["node-2"]})
        await node.step(MINUTE_MS)
        await until_seen(admin, expected)


async def test_a_jump_of_days_ends_nobody(pair):
    """Everybody was silent for as long; the first to wake must not judge those who have not yet."""
    first, second = pair
    await first.step(3 * DAY_MS)
    admin = await first.logged_in("admin")
    await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", False)})
    await second.step(3 * DAY_MS)
    await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", True)})


async def test_an_administrator_takes_a_dead_node_offline_and_removes_it(with_a_dead_one):
    """In this order only: 405 for a node that lives, or that is not offline yet."""
    node = with_a_dead_one
    admin = await node.logged_in("admin")
    assert (await admin.request("PUT", f"{NODE}/node-2/offline")).status == 405
    await node.step(5 * MINUTE_MS)
    assert (await admin.request("DELETE", f"{NODE}/node-2")).status == 405
    assert (await admin.request("PUT", f"{NODE}/node-2/offline")).status == 200
    assert (await admin.request("PUT", f"{NODE}/node-2/offline")).status == 405
    removed = await admin.request("DELETE", f"{NODE}/node-2")
    assert (removed.status, removed.body) == (204, b"")
    assert (await admin.request("DELETE", f"{NODE}/node-2")).status == 404
    assert list(await nodes_seen_by(admin)) == ["node-1"]


async def test_a_node_that_is_given_up_shuts_itself_down(pair):
    """It slept, the others took it for dead, and it finds itself OFFLINE when it wakes."""
    first, second = pair
    await first.step(5 * MINUTE_MS)
    admin = await first.logged_in("admin")
    await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", False)})
    assert (await admin.request("PUT", f"{NODE}/node-2/offline")).status == 200
    await second.step(5 * MINUTE_MS)
    await eventually(second.ended)


async def test_self_shutdown_can_be_switched_off(stores, database_url):
    """Then it goes on serving, though the cluster thinks otherwise."""
    async with (
        running_node(stores, database_url, "node-1") as first,
        running_node(stores, database_url, "node-2", self_shutdown_if_offline=False) as second,
    ):
        await first.step(5 * MINUTE_MS)
        admin = await first.logged_in("admin")
        await until_seen(admin, {"node-1": ("ACTIVE", True), "node-2": ("ACTIVE", False)})
        await admin.request("PUT", f"{NODE}/node-2/offline")
        await second.step(5 * MINUTE_MS)
        await second.logged_in("alice")
        assert (await nodes_seen_by(admin))["node-2"] == ("OFFLINE", False)


async def test_a_single_jira_is_no_cluster(stores, database_url):
    """405 with the text clients look for, and no node id in its answers."""
    async with running_node(stores, database_url, is_clustered=False) as node:
        admin = await node.logged_in("admin")
        for method, path in (("GET", NODES), ("PUT", f"{NODE}/x/offline"), ("DELETE", f"{NODE}/x")):
            answer = await admin.request(method, path)
            assert answer.status == 405
            assert "This Jira instance is not clustered" in answer.json()["errorMessages"]
            assert SERVED_BY not in answer.headers


@pytest.mark.parametrize(
    ("state", "status", "serves"),
    [
        ("STARTING", 200, False),
        ("FIRST_RUN", 200, False),
        ("MAINTENANCE", 503, False),
        ("ERROR", 500, False),
        ("RUNNING", 200, True),
    ],
)
async def test_status_shows_what_the_operator_orders(node, state, status, serves):
    """Only RUNNING serves anybody; the code alone does not tell."""
    browser = await node.logged_in("alice")
    assert await node.operator("PUT", "/state", json={"state": state}) == {"state": state}
    shown = await browser.request("GET", "/status")
    assert (shown.status, shown.json()) == (status, {"state": state})
    assert (await browser.who_am_i()).status == (200 if serves else 503)
    assert (await browser.request("GET", "/login.jsp")).status == (200 if serves else 503)
    await node.operator("PUT", "/state", json={"state": "RUNNING"})
    assert (await browser.who_am_i()).status == 200


@pytest.mark.parametrize("body", [{"state": "STOPPING"}, {"state": "ASLEEP"}, {}, {"state": 5}])
async def test_an_order_that_makes_no_sense_is_refused(node, body):
    """400 with what would; STOPPING comes by stopping the node."""
    url = f"http://127.0.0.1:{node.settings.operator_port}/-/state"
    async with node.client.put(url, json=body, headers={"X-Dcsim-Token": TOKEN}) as response:
        assert response.status == 400
        assert (await response.json())["error"]
    assert (await node.operator("GET", "/status"))["state"] == NodeState.RUNNING


async def test_a_node_that_listens_everywhere_writes_down_where_it_is_reached(stores, database_url):
    """A container learns its address when it starts; the balancer finds it by what the node writes."""
    async with running_node(stores, database_url, host="0.0.0.0", url="") as node:
        async with open_database(database_url, pool_size=1) as database, database.transaction() as connection:
            row = await cluster_nodes.find(connection, "node-1")
        assert row.url == f"http://{row.ip}:{node.settings.port}"
        assert row.ip != "0.0.0.0"
        async with open_client() as client, client.get(f"{row.url}/status") as answer:
            assert answer.headers[SERVED_BY] == "node-1"
