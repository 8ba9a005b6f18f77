"""Fixtures every test may ask for: real stores, started once for the whole run."""

import pytest
from hypothesis import HealthCheck, settings

from tests.support.clusters import warm_interpreter
from tests.support.stores import TestStores, running_stores

# How long an example takes says something about the machine and nothing about the code. The rest is as it was loaded:
# Hypothesis has a profile of its own for CI.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


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
