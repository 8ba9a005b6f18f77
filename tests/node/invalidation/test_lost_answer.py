"""The database carries out an invalidation and its answer to the commit is lost: the node that asked cannot know."""

from contextlib import asynccontextmanager

import pytest

from shared.errors import DependencyError
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
