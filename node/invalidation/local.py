"""`local`: nobody is told. Nodes older than 9.11 work like this; the rest of a cluster waits for its Crowd entries."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation.receipts import Receipt
from shared.messages import Invalidation


class LocalDelivery:
    """Sends nothing and understands nothing."""

    async def record(self, connection: AsyncConnection, event: Invalidation) -> None:
        return

    async def send(self, event: Invalidation) -> Receipt:
        return Receipt(event)

    async def run(self, listening: asyncio.Event) -> None:
        listening.set()
        await asyncio.Event().wait()

    def may_trust_caches(self) -> bool:
        return True
