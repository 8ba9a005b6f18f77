"""The session that changes its own password and is spared, while other nodes invalidate the same user."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from node.store import credentials, invalidation_log
from shared.settings import Switches
from tests.support.eventually import eventually
from tests.support.fenced_nodes import fenced_nodes
from tests.support.queue_nodes import queue_nodes


def long_leased(database_url):
    """No heartbeat helps during the test."""
    return fenced_nodes(database_url, lease_s=60.0)


async def change_own_password(node, session):
    node.actions._switches = Switches(own_password_change_spares_current=True)
    async with node.database.transaction() as connection:
        proved = await credentials.load(connection, "alice")
    return await node.actions.change_own_password(proved, "new", session_id=session.id)


async def has_entry(node, position):
    async with node.database.transaction() as connection:
        return await invalidation_log.head(connection) >= position


@pytest.mark.parametrize("nodes", [long_leased, queue_nodes])
async def test_an_invalidation_that_was_not_heard_of_yet_is_not_undone(database_url, nodes):
    """An administrator at A ends the sessions and B misses the message; a change at B that follows spares nobody."""
    async with nodes(database_url) as (a, b):
        session = await b.log_in()
        b.bus.lose, b.bus.deaf = 1, nodes is queue_nodes
        call = asyncio.create_task(a.invalidate())
        await eventually(lambda: has_entry(a, 1))
        await change_own_password(b, session)
        assert not await b.accepts(session)
        b.bus.deaf = False
        await call


class AnswersLate:
    """A database whose answer to a commit is overtaken by a heartbeat of the node."""

    def __init__(self, node):
        self._database = node.database
        self._delivery = node.delivery

    @asynccontextmanager
    async def transaction(self):
        async with self._database.transaction() as connection:
            yield connection
        await self._delivery._renew()


async def test_a_heartbeat_that_finds_the_entry_first_spares_the_session_too(database_url):
    """The node replays its own event from the log before the call that made it knows of its commit."""
    async with long_leased(database_url) as (node, _):
        own, other = await node.log_in(), await node.log_in()
        node.actions._database = AnswersLate(node)
        await change_own_password(node, own)
        assert node.delivery.counters.replayed == 1
        assert await node.accepts(own)
        assert not await node.accepts(other)


@pytest.mark.parametrize("nodes", [long_leased, queue_nodes])
async def test_the_changing_session_stays_and_the_others_go(database_url, nodes):
    """The ordinary case, on both nodes."""
    async with nodes(database_url) as (a, b):
        own, other_here, other_there = await b.log_in(), await b.log_in(), await a.log_in()
        await change_own_password(b, own)
        assert await b.accepts(own)
        assert not await b.accepts(other_here)

        async def is_out_there():
            return not await a.accepts(other_there)

        await eventually(is_out_there)
