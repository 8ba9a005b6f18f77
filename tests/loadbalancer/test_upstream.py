"""A connection to a node, on a real socket."""

import asyncio
import socket

import pytest

from loadbalancer.head import Limits
from loadbalancer.upstream import Pool, UpstreamConnection
from shared.settings import Upstream

BYTES = 20_000_000
"""More than a kernel takes on behalf of a program that does not read."""


class Watched(UpstreamConnection):
    """Says when its socket is gone."""

    def __init__(self, pool):
        super().__init__(pool, Limits())
        self.gone = asyncio.Event()

    def connection_lost(self, error):
        super().connection_lost(error)
        self.gone.set()


@pytest.fixture
def node():
    """A listening socket; connections are taken by the kernel and read by nobody."""
    with socket.create_server(("127.0.0.1", 0)) as node:
        yield node


async def tunnel_to(node):
    host, port = node.getsockname()
    pool = Pool(Upstream(id="node-1", host=host, port=port), Limits(), idle_max=1, idle_s=1.0)
    _, connection = await asyncio.get_running_loop().create_connection(lambda: Watched(pool), host, port)
    connection.write(bytes(BYTES))
    return connection


async def test_a_tunnel_to_a_node_that_does_not_read_ends(node):
    """What was written keeps the socket open for a limited time."""
    connection = await tunnel_to(node)
    connection.close(within_s=0.01)
    await asyncio.wait_for(connection.gone.wait(), 10)


async def test_the_end_of_a_tunnel_reaches_a_node_that_reads(node):
    """It gets every byte that was written before the end, then the end."""
    connection = await tunnel_to(node)
    connection.close(within_s=100.0)
    peer, _ = node.accept()
    with peer:
        assert await asyncio.to_thread(lambda: sum(iter(lambda: len(peer.recv(1 << 20)), 0))) == BYTES
    await asyncio.wait_for(connection.gone.wait(), 10)
