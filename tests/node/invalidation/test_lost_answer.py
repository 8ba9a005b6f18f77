"""The database carries out an invalidation and its answer to the commit is lost: the node that asked cannot know."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from node.anonymizing import Anonymizing
from node.life import NodeLife
from node.store import anonymizations
from node.store.anonymizations import COMPLETED, VALIDATION_FAILED
from shared.errors import DependencyError
from tests.support.eventually import eventually
from tests.support.fenced_nodes import fenced_nodes
from tests.support.queue_nodes import queue_nodes


class AnswersLost:
    """A database whose commits are carried out and not answered."""

    def __init__(self, database):
        self._database = database

    @asynccontextmanager
    async def transaction(self):
        async with self._database.transaction() as connection:
            yield connection
        raise DependencyError("the answer was lost by the test")


@pytest.mark.parametrize("nodes", [fenced_nodes, queue_nodes])
async def test_the_performing_node_does_not_go_on_trusting_its_own_memory(database_url, nodes):
    """The call has failed and the user is out all the same; nobody else is."""
    async with nodes(database_url, 1) as (node,):
        victim, bystander = await node.log_in("alice"), await node.log_in("bob")
        alice = await node.account()
        node.actions._database = AnswersLost(node.database)
        with pytest.raises(DependencyError):
            await node.actions.end_sessions(alice)
        assert not await node.accepts(victim)
        assert await node.accepts(bystander)


async def test_everyone_is_out_on_the_performing_node_too(database_url):
    """The same for the action without a user."""
    async with queue_nodes(database_url, 1) as (node,):
        sessions = [await node.log_in(name) for name in ("alice", "bob")]
        node.actions._database = AnswersLost(node.database)
        with pytest.raises(DependencyError):
            await node.actions.invalidate_everyone()
        assert [await node.accepts(session) for session in sessions] == [False, False]


async def test_what_was_never_committed_costs_nothing(database_url):
    """A database that fails before the commit has carried out nothing: memory is as good as before."""
    async with queue_nodes(database_url, 1) as (node,):
        session, alice = await node.log_in(), await node.account()

        async def fail(_connection, _event):
            raise DependencyError("the database went away")

        node.delivery.record = fail
        with pytest.raises(DependencyError):
            await node.actions.end_sessions(alice)
        assert node.gate.from_memory(session) is not None


class Unanswered(AnswersLost):
    """Commits of which only the first so many are lost."""

    def __init__(self, database, count):
        super().__init__(database)
        self._count = count

    @asynccontextmanager
    async def transaction(self):
        self._count -= 1
        lost = super() if self._count >= 0 else self._database
        async with lost.transaction() as connection:
            yield connection


@pytest.mark.parametrize(
    ("lost", "status", "problem"),
    [(0, COMPLETED, None), (1, COMPLETED, None), (2, VALIDATION_FAILED, "not known whether")],
)
async def test_an_anonymization_says_no_more_than_is_known(database_url, lost, status, problem):
    """Done at the second attempt, it was done; after two without an answer the task does not claim that it was not."""
    async with queue_nodes(database_url, 1) as (node,), asyncio.TaskGroup() as background:
        alice, admin = await node.account(), await node.account("admin")
        node.actions._database = Unanswered(node.database, lost)
        anonymizing = Anonymizing(
            node.database, node.actions, node.policy, NodeLife(), node_id=node.id, spawn=background.create_task
        )
        task_id = (await anonymizing.start(alice, admin)).task_id

        async def ended():
            async with node.database.transaction() as connection:
                task = await anonymizations.find(connection, task_id)
            return task if task.finished_ms is not None else None

        task = await eventually(ended)
        assert task.status == status
        assert problem is None if task.error is None else problem in task.error
        assert (await node.account("jirauser10001")).user_key == alice.user_key
