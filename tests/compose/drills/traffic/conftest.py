"""One real node for people to talk to."""

import pytest

from tests.support.nodes import running_node


@pytest.fixture
async def node(stores, database_url):
    """One 9.11 node."""
    async with running_node(stores, database_url) as node:
        yield node
