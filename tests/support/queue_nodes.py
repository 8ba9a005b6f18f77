"""Nodes reduced to what invalidation needs, with a durable queue for each other node; lines to the bus can be cut."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from node.cluster import ACTIVE
from node.invalidation import InvalidationDelivery
from node.invalidation.queue import QueueDelivery
from node.store import cluster_nodes, replication_queue
from node.store.cluster_nodes import ClusterNode
from node.store.engine import Database, open_database
from shared.bus import Bus, MemoryBus
from shared.messages import Invalidation
from tests.support.fenced_nodes import FaultyBus, FencedNode


class QueueNode(FencedNode):
    """One node: log in, ask, invalidate, die and live again. `applied` is what it was told, in order."""

    def __init__(self, node_id: str, database: Database, bus: FaultyBus) -> None:
        self.applied: list[Invalidation] = []
        self.heirs: list[QueueNode] = []
        super().__init__(node_id, database, bus, lease_s=1.0)

    def new_delivery(self, lease_s: float) -> InvalidationDelivery:
        return QueueDelivery(self.database, self.bus, self.apply, node_id=self.id, channel="queue")

    def apply(self, event: Invalidation) -> None:
        self.applied.append(event)
        super().apply(event)

    @property
    def positions(self) -> list[int]:
        return [event.position for event in self.applied]

    async def join(self) -> None:
        await self.enter_cluster()
        await super().join()

    async def enter_cluster(self, state: str = ACTIVE, version: str = "9.11.0") -> None:
        row = ClusterNode(self.id, state, 0, "127.0.0.1", 40001, 9110000, version, "http://127.0.0.1", 0)
        async with self.database.transaction() as connection:
            await cluster_nodes.join(connection, row)

    async def live_again(self) -> "QueueNode":
        """The next life of this node: same name, same database, nothing in memory."""
        await self.die()
        heir = QueueNode(self.id, self.database, self.bus)
        heir.heirs = self.heirs
        self.heirs.append(heir)
        await heir.join()
        return heir

    async def waiting(self) -> dict[str, int]:
        """How many rows this node has for each of the others."""
        async with self.database.transaction() as connection:
            return await replication_queue.undelivered(connection, sender=self.id)


@asynccontextmanager
async def queue_nodes(database_url: str, count: int = 2, *, bus: Bus | None = None) -> AsyncIterator[list[QueueNode]]:
    """That many nodes, joined, on one bus."""
    async with AsyncExitStack() as stack:
        shared_bus = bus or MemoryBus()
        nodes: list[QueueNode] = []
        heirs: list[QueueNode] = []

        async def end() -> None:
            for node in (*nodes, *heirs):
                await node.die()
                node.passwords.close()

        for number in range(1, count + 1):
            database = await stack.enter_async_context(open_database(database_url, pool_size=8))
            node = QueueNode(f"node-{number}", database, FaultyBus(shared_bus))
            node.heirs = heirs
            nodes.append(node)
        stack.push_async_callback(end)
        await asyncio.gather(*(node.join() for node in nodes))
        yield nodes
