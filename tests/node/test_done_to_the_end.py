"""Anonymizations and upgrades end, though the caller hangs up, the database stays away for a while, or the node dies."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from node.anonymizing import Anonymizing
from node.life import NodeLife
from node.store import anonymizations, upgrades
from node.store.anonymizations import COMPLETED, GONE, IN_PROGRESS, VALIDATION_FAILED
from node.store.upgrades import Upgrade
from node.upgrade import Order, UpgradeState
from node.upgrading import Upgrading
from shared.contract import NodeState
from shared.errors import DependencyError
from shared.versions import Version
from tests.support.eventually import eventually
from tests.support.nodes import running_node
from tests.support.queue_nodes import queue_nodes
from tests.support.stores import SEEDED_AT_MS

ANONYMIZATION = "/rest/api/2/user/anonymization"


class Faulty:
    """A database whose next transactions go wrong: `away` is not there, `lost` is carried out and not answered, `slow`
    is carried out and answered when the test says so."""

    def __init__(self, database):
        self._database = database
        self.next = []
        self.is_slow = asyncio.Event()
        self.may_answer = asyncio.Event()

    @asynccontextmanager
    async def transaction(self):
        fault = self.next.pop(0) if self.next else None
        if fault == "away":
            raise DependencyError("the database is away by the test")
        async with self._database.transaction() as connection:
            yield connection
        if fault == "lost":
            raise DependencyError("the answer was lost by the test")
        if fault == "slow":
            self.is_slow.set()
            await self.may_answer.wait()


@pytest.fixture
async def node(database_url, monkeypatch):
    """A node reduced to what these need, with a database that can go wrong; it does not pause between attempts."""
    monkeypatch.setattr("node.anonymizing.RETRY_S", 0)
    monkeypatch.setattr("node.upgrading.RETRY_S", 0)
    async with queue_nodes(database_url, 1) as (node,), asyncio.TaskGroup() as background:
        node.faulty, node.life = Faulty(node.database), NodeLife()
        node.anonymizing = Anonymizing(
            node.faulty, node.actions, node.policy, node.life, node_id=node.id, spawn=background.create_task
        )
        node.upgrading = Upgrading(node.faulty, node.policy, node_id=node.id, version=Version.parse("9.11"), tasks_s=0)
        running = background.create_task(node.upgrading.run())
        yield node
        running.cancel()


async def start(node):
    return await node.anonymizing.start(await node.account(), await node.account("admin"))


async def ended_task(node):
    """The newest task, once it has ended."""

    async def ended():
        async with node.database.transaction() as connection:
            task = await anonymizations.find(connection, None)
        return task if task is not None and task.status != IN_PROGRESS else None

    return await eventually(ended)


async def enter(node, state):
    async with node.database.transaction() as connection:
        await upgrades.append(connection, Upgrade(state, 9_100_000, "9.10.0", node.id), now_ms=0)


async def state(node):
    async with node.database.transaction() as connection:
        return (await upgrades.latest(connection)).state


async def hang_up_before_the_answer(node, call):
    node.faulty.next = ["slow"]
    caller = asyncio.create_task(call)
    await node.faulty.is_slow.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    node.faulty.may_answer.set()


async def test_a_caller_who_hangs_up_has_started_the_anonymization(node):
    """He leaves while the commit is under way, and the task runs all the same."""
    await hang_up_before_the_answer(node, start(node))
    assert (await ended_task(node)).status == COMPLETED


async def test_a_caller_who_hangs_up_has_approved_the_upgrade(node):
    """The same for the tasks of an upgrade."""
    await enter(node, UpgradeState.FAILED)
    await hang_up_before_the_answer(node, node.upgrading.order(Order.RETRY))

    async def stable():
        return await state(node) is UpgradeState.STABLE

    await eventually(stable)


async def test_a_start_without_an_answer_is_no_task_that_runs_for_ever(node):
    """Nobody knows whether it was written down; if it was, it has failed."""
    node.faulty.next = ["lost"]
    with pytest.raises(DependencyError):
        await start(node)
    task = await ended_task(node)
    assert (task.status, "not started" in task.error) == (VALIDATION_FAILED, True)


async def test_an_approval_without_an_answer_is_a_failed_upgrade(node):
    """The node's next heartbeat says so, and one may retry; until then the tasks may be running."""
    await enter(node, UpgradeState.FAILED)
    node.faulty.next = ["lost"]
    with pytest.raises(DependencyError):
        await node.upgrading.order(Order.RETRY)
    async with node.database.transaction() as connection:
        await node.upgrading.notice(connection)
    assert await state(node) is UpgradeState.FAILED


async def test_the_end_of_an_anonymization_is_reported_when_the_database_is_back(node):
    """However long that takes."""
    node.faulty.next = [None, "away", "away", "away"]
    await start(node)
    assert (await ended_task(node)).status == COMPLETED
    assert node.faulty.next == []


async def test_the_end_of_an_upgrade_is_reported_when_the_database_is_back(node):
    """And no heartbeat takes it for dropped meanwhile."""
    await enter(node, UpgradeState.FAILED)
    node.faulty.next = [None, "away", "away", "away"]
    await node.upgrading.order(Order.RETRY)
    async with node.database.transaction() as connection:
        await node.upgrading.notice(connection)

    async def stable():
        return await state(node) is UpgradeState.STABLE

    await eventually(stable)
    assert node.faulty.next == []


async def test_a_node_that_stops_does_not_wait_for_the_database(node):
    """It ends with the report undone; its next life puts that right."""
    node.life.move(NodeState.STOPPING)
    node.faulty.next = [None, *["away"] * 1_000_000]
    task = await start(node)
    await eventually(lambda: task.task_id not in node.anonymizing._own)


async def left_behind(database):
    """A task of node-1 that nobody is at."""
    async with database.transaction() as connection:
        await anonymizations.submit(
            connection, user_key="x", username="x", full_name="x", node_id="node-1", now_ms=SEEDED_AT_MS
        )


async def test_a_node_that_comes_back_ends_the_anonymization_it_was_at(node, stores, database_url):
    """Killed in the middle of it and restarted under its name."""
    await left_behind(node.database)
    async with running_node(stores, database_url, "node-1") as restarted:
        admin = await restarted.logged_in("admin")
        progress = (await admin.request("GET", f"{ANONYMIZATION}/progress")).json()
    assert (progress["status"], GONE in str(progress["errors"])) == (VALIDATION_FAILED, True)


async def test_a_node_unlocks_what_it_is_not_at(node, stores, database_url):
    """Though it is alive: it knows itself that nobody is at the task."""
    async with running_node(stores, database_url, "node-1") as living:
        admin = await living.logged_in("admin")
        await left_behind(node.database)
        assert (await admin.request("DELETE", f"{ANONYMIZATION}/unlock")).status == 204
        assert (await admin.request("DELETE", f"{ANONYMIZATION}/unlock")).status == 404
