"""Real processes: three nodes and a balancer."""

import pytest

from compose.people.browser import open_client
from tests.support.clusters import running_cluster


@pytest.fixture
async def cluster(stores, warm):
    """Three 9.11 nodes behind the balancer."""
    async with running_cluster(stores, warm) as cluster:
        yield cluster


@pytest.fixture
async def client():
    """An HTTP client that keeps no cookies itself."""
    async with open_client() as client:
        yield client
