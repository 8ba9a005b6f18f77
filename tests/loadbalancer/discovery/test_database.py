"""Nodes found in the cluster's own table, in a real Postgres."""

import pytest
from sqlalchemy import text

from compose.cluster.ports import PortReservation
from loadbalancer.discovery.database import ClusterNodeTable
from node.store import cluster_nodes
from node.store.cluster_nodes import ClusterNode
from node.store.engine import open_database
from shared.errors import DependencyError, OperatorError


@pytest.fixture
async def table(database_url):
    table = ClusterNodeTable(database_url, timeout_s=5.0)
    yield table
    await table.close()


async def register(database_url, node_id, url, state="ACTIVE"):
    """What a node writes when it joins."""
    row = ClusterNode(node_id, state, 0, "10.0.0.1", 40001, 911000, "9.11.0", url, 0)
    async with open_database(database_url, pool_size=1) as database, database.transaction() as connection:
        await cluster_nodes.join(connection, row)


async def test_active_nodes_are_where_their_row_says(table, database_url):
    """One that left is no node any more."""
    await register(database_url, "node-2", "http://10.0.0.2:8080")
    await register(database_url, "node-1", "http://[fd00::1]:8081")
    await register(database_url, "node-3", "http://10.0.0.3:8080", "OFFLINE")
    sightings = await table.look()

    assert [(node.id, node.host, node.port) for node in sightings.nodes] == [
        ("node-1", "fd00::1", 8081),
        ("node-2", "10.0.0.2", 8080),
    ]


@pytest.mark.parametrize("url", ["", "node-2", "http://", "http://10.0.0.2:99999"])
async def test_a_row_nobody_can_connect_to_is_a_mistake(url, table, database_url):
    """The others are found all the same."""
    await register(database_url, "node-1", "http://10.0.0.1:8080")
    await register(database_url, "node-2", url)
    sightings = await table.look()

    assert [node.id for node in sightings.nodes] == ["node-1"]
    assert sightings.mistakes == (f"node-2 is in clusternode with the url {url!r}, which is none",)


async def test_an_empty_table_fails_the_look(table):
    """A cluster that has not started yet, or has stopped altogether."""
    with pytest.raises(DependencyError, match="table clusternode has no ACTIVE node"):
        await table.look()


async def test_a_database_without_tables_fails_the_look(stores):
    """The first node makes them."""
    url = await stores.empty_database()
    table = ClusterNodeTable(url, timeout_s=5.0)
    try:
        with pytest.raises(DependencyError, match="clusternode"):
            await table.look()
    finally:
        await table.close()
        await stores.drop_database(url)


async def test_a_database_that_is_away_fails_the_look_and_is_found_again(table, database_url):
    """Nothing has to be restarted for it."""
    await register(database_url, "node-1", "http://10.0.0.1:8080")
    with PortReservation() as nobody:
        gone = ClusterNodeTable(f"postgresql://dcsim:secret@127.0.0.1:{nobody.port}/dcsim", timeout_s=1.0)
        with pytest.raises(DependencyError, match="cannot be reached"):
            await gone.look()
        await gone.close()
    assert "secret" not in gone.words
    await table.look()
    async with open_database(database_url, pool_size=1) as database, database.transaction() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))

    assert len((await table.look()).nodes) == 1


def test_a_url_that_is_none_is_refused():
    with pytest.raises(OperatorError, match="Postgres URL cannot be read"):
        ClusterNodeTable("nonsense", timeout_s=1.0)
