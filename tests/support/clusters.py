"""Whole clusters of real processes for end-to-end tests: nodes and balancer as `dcsim` starts them, on the test run's
Postgres and Valkey."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from compose.cluster.handle import Cluster, start_cluster
from compose.cluster.postgres import users_postgres
from compose.cluster.programs import PRELOADED, Programs
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.stores import Stores
from compose.cluster.warm_start import Nursery, open_nursery
from shared.versions import JIRA_9_11, Version
from tests.support.stores import TestStores, background_loop


@contextmanager
def warm_interpreter() -> Iterator[socket.socket]:
    """One nursery for the whole test run; each test's event loop talks to it through a `Nursery` of its own."""

    async def open_both():
        net_manager = spread_safety_net()
        net = await net_manager.__aenter__()
        nursery_manager = open_nursery(net, *PRELOADED)
        nursery = await nursery_manager.__aenter__()
        return nursery, [nursery_manager, net_manager]

    with background_loop() as run:
        nursery, managers = run(open_both())
        try:
            yield nursery.connection
        finally:
            for manager in managers:
                run(manager.__aexit__(None, None, None))


@asynccontextmanager
async def running_cluster(
    stores: TestStores, connection: socket.socket, *, nodes: int = 3, version: Version = JIRA_9_11, **spec: object
) -> AsyncIterator[Cluster]:
    """A cluster of `nodes` nodes; `spec` are further fields of ClusterSpec. An unexpected end of a process is told in
    `cluster.ended`."""
    ended: list[str] = []
    async with (
        spread_safety_net() as net,
        users_postgres(stores.postgres_url) as postgres,
        start_cluster(
            ClusterSpec(numbered_nodes(nodes, version=version), **spec),
            Stores(postgres, stores.redis_url),
            net=net,
            on_exit=lambda exit_: ended.append(exit_.name),
            programs=Programs(nursery=Nursery(connection)),
        ) as cluster,
    ):
        cluster.ended = ended
        yield cluster
