"""`local`: nobody is told. Nodes older than 9.11 work like this; the rest of a cluster waits for its Crowd entries."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation import Send
from node.invalidation.facts import DeliveryFacts
from node.invalidation.receipts import NodeReceipt, Outcome, Receipt
from node.store import cluster_nodes
from shared.messages import Invalidation


class LocalDelivery:
    """Sends nothing and understands nothing."""

    tells = False

    def __init__(self, *, node_id: str) -> None:
        self._node_id = node_id

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        others = await cluster_nodes.active_besides(connection, self._node_id)

        async def send() -> Receipt:
            return Receipt(event, tuple(NodeReceipt(name, Outcome.NOT_TOLD, 0.0) for name in others))

        return send

    async def run(self, listening: asyncio.Event) -> None:
        listening.set()
        await asyncio.Event().wait()

    async def leave(self) -> None:
        return

    def facts(self) -> DeliveryFacts:
        return DeliveryFacts()

    def may_trust_caches(self) -> bool:
        return True
