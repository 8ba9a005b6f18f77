"""Zero-downtime upgrade: the table of states, and a real upgrade node by node."""

import itertools

import pytest

from node.upgrade import Order, UpgradeState, ordered, with_builds
from tests.support.eventually import eventually
from tests.support.nodes import running_node

OLD, NEW, NEWER = 9_100_000, 9_110_000, 9_120_000
STABLE, READY, MIXED, READY_TO_RUN, RUNNING, FAILED = UpgradeState
ZDU = "/rest/api/2/cluster/zdu"
MINUTE_MS = 60_000


@pytest.mark.parametrize(
    ("state", "order", "after"),
    [
        (STABLE, Order.START, READY),
        (READY, Order.CANCEL, STABLE),
        (READY_TO_RUN, Order.APPROVE, RUNNING),
        (FAILED, Order.RETRY, RUNNING),
    ],
)
def test_the_four_orders_that_fit(state, order, after):
    """One for each state that waits for the administrator."""
    assert ordered(state, order) is after


def test_no_other_order_fits():
    """Twenty-four pairs, four of them fit."""
    pairs = itertools.product(UpgradeState, Order)
    assert sum(ordered(state, order) is not None for state, order in pairs) == 4


@pytest.mark.parametrize(
    ("builds", "after"),
    [
        ({OLD}, READY),
        ({OLD, NEW}, MIXED),
        ({NEW}, READY_TO_RUN),
        ({NEW, NEWER}, MIXED),
        (set(), MIXED),
    ],
)
def test_the_builds_of_the_nodes_decide_while_it_is_open(builds, after):
    """In both directions: a node that is rolled back counts too; without any node nothing is known."""
    assert with_builds(MIXED, builds, old_build=OLD) is after


@pytest.mark.parametrize("state", [STABLE, RUNNING, FAILED])
def test_builds_decide_nothing_outside_an_upgrade(state):
    """Nor once the tasks were approved."""
    assert with_builds(state, {OLD, NEW}, old_build=OLD) is state


async def state_of(admin):
    return (await admin.request("GET", f"{ZDU}/state")).json()


async def give(admin, order):
    answer = await admin.request("POST", f"{ZDU}/{order}")
    return answer.status, answer.json().get("state")


async def test_an_upgrade_from_start_to_end(stores, database_url):
    """One node after the other, then the tasks, which take a minute of policy time."""
    old = {"version": "9.10"}
    async with running_node(stores, database_url, "node-1") as first:
        admin = await first.logged_in("admin")
        async with running_node(stores, database_url, "node-2", **old) as second:
            assert await state_of(admin) == {"state": "STABLE", "build": {"buildNumber": OLD, "version": "9.10.0"}}
            assert await give(await second.logged_in("admin"), "start") == (200, "MIXED")
            assert await give(admin, "start") == (409, None)
            assert await give(admin, "cancel") == (409, None)
            assert await give(admin, "approve") == (409, None)
        assert (await state_of(admin))["state"] == "READY_TO_RUN_UPGRADE_TASKS"
        assert await give(admin, "approve") == (200, "RUNNING_UPGRADE_TASKS")
        assert await give(admin, "retryUpgrade") == (409, None)
        await first.step(MINUTE_MS - 1)
        assert (await state_of(admin))["state"] == "RUNNING_UPGRADE_TASKS"
        await first.step(1)

        async def done():
            return (await state_of(admin))["state"] == "STABLE"

        await eventually(done)
        assert (await state_of(admin))["build"] == {"buildNumber": NEW, "version": "9.11.0"}


async def test_an_upgrade_that_was_not_begun_can_be_cancelled(node):
    """And be started again."""
    admin = await node.logged_in("admin")
    assert await give(admin, "start") == (200, "READY_TO_UPGRADE")
    assert await give(admin, "cancel") == (200, "STABLE")
    assert await give(admin, "cancel") == (409, None)
    assert await give(admin, "start") == (200, "READY_TO_UPGRADE")


async def begun_upgrade(stores, database_url):
    """The whole cluster stood on 9.10 and comes back on 9.11."""
    async with running_node(stores, database_url, "node-1", version="9.10") as node:
        await give(await node.logged_in("admin"), "start")


async def test_a_node_that_goes_while_it_runs_the_tasks_fails_the_upgrade(stores, database_url):
    """Whoever is left notices by the heartbeat; retrying runs them there."""
    await begun_upgrade(stores, database_url)
    async with running_node(stores, database_url, "node-1") as first:
        async with running_node(stores, database_url, "node-2") as second:
            assert await give(await second.logged_in("admin"), "approve") == (200, "RUNNING_UPGRADE_TASKS")
        admin = await first.logged_in("admin")
        await first.step(MINUTE_MS)

        async def failed():
            return (await state_of(admin))["state"] == "UPGRADE_TASKS_FAILED"

        await eventually(failed)
        assert await give(admin, "approve") == (409, None)
        assert await give(admin, "retryUpgrade") == (200, "RUNNING_UPGRADE_TASKS")


async def test_a_node_that_comes_back_finds_its_own_upgrade_failed(stores, database_url):
    """It ran the tasks when it was stopped, and nobody else was there to notice."""
    await begun_upgrade(stores, database_url)
    async with running_node(stores, database_url, "node-1") as node:
        assert await give(await node.logged_in("admin"), "approve") == (200, "RUNNING_UPGRADE_TASKS")
    async with running_node(stores, database_url, "node-1") as node:
        assert (await state_of(await node.logged_in("admin")))["state"] == "UPGRADE_TASKS_FAILED"
