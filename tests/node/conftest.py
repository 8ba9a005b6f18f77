"""Nodes for tests of what a node answers."""

import pytest

from tests.support.nodes import running_node, two_nodes


@pytest.fixture
async def node(stores, database_url):
    """One 9.11 node."""
    async with running_node(stores, database_url) as node:
        yield node


@pytest.fixture
async def pair(stores, database_url):
    """Two 9.11 nodes of one cluster."""
    async with two_nodes(stores, database_url) as nodes:
        yield nodes
