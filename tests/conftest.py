"""Fixtures every test may ask for: real stores, started once for the whole run."""

import pytest

from tests.support.clusters import warm_interpreter
from tests.support.stores import TestStores, running_stores


@pytest.fixture(scope="session")
def stores() -> TestStores:
    """A real Postgres and a real Valkey; ask for `database` to get tables of your own."""
    with running_stores() as stores:
        yield stores


@pytest.fixture(scope="session")
def warm():
    """The connection to a warm interpreter, from which clusters of real processes start fast."""
    with warm_interpreter() as connection:
        yield connection


@pytest.fixture
async def database_url(stores):
    """A database of this test's own, with schema and seed users; dropped afterwards, as hundreds would fill a disk."""
    url = await stores.fresh_database()
    yield url
    await stores.drop_database(url)
