"""Transactions whose owner says nothing any more, and statements that Postgres will not take."""

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from node.store.engine import open_database
from shared.errors import DependencyError
from shared.schema import HEAD_LOCK, anonymizations, properties

EXCLUSIVE = text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=HEAD_LOCK)
SHARED = text("SELECT pg_advisory_xact_lock_shared(:key)").bindparams(key=HEAD_LOCK)


async def test_a_node_that_stands_still_in_a_transaction_does_not_hold_up_the_others(database_url):
    """Postgres ends it in time for whoever waits for its lock; when it wakes up, it has committed nothing."""
    async with (
        open_database(database_url, pool_size=1) as sleeping,
        open_database(database_url, pool_size=1) as waiting,
    ):

        async def sleep_on_the_lock():
            async with sleeping.transaction(limit_s=60) as connection:
                await connection.execute(SHARED)
                async with waiting.transaction() as other:
                    await other.execute(EXCLUSIVE)
                waited.append(True)
                await connection.execute(SHARED)

        waited = []
        with pytest.raises(DependencyError):
            await sleep_on_the_lock()
        assert waited == [True]
        async with sleeping.transaction() as connection:
            await connection.execute(SHARED)


@pytest.mark.parametrize(
    "statement",
    [
        insert(properties).values([{"property_key": "twice", "property_value": "x"}] * 2),
        insert(properties).values(property_key="x" * 256, property_value="x"),
        insert(properties).values(property_key="x", property_value="\0"),
        insert(properties).values(property_key="x", property_value="\ud800"),
        insert(properties).values(property_key="x"),
        anonymizations.select().where(anonymizations.c.task_id == 2**63),
    ],
)
async def test_data_that_does_not_fit_is_no_database_that_is_away(database_url, statement):
    """Nobody is told to try again; it is our bug, and the next statement is taken."""
    async with open_database(database_url, pool_size=1) as database:
        with pytest.raises(DBAPIError):
            async with database.transaction() as connection:
                await connection.execute(statement)
        async with database.transaction() as connection:
            await connection.execute(SHARED)
