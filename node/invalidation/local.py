"""`local`: nobody is told. Nodes older than 9.11 work like this; the rest of a cluster waits for its Crowd entries."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation import Send
from node.invalidation.receipts import Receipt
from shared.messages import Invalidation


class LocalDelivery:
    """Sends nothing and understands nothing."""

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        async def send() -> Receipt:
            return Receipt(event)

        return send

    async def run(self, listening: asyncio.Event) -> None:
        listening.set()
        await asyncio.Event().wait()

    async def leave(self) -> None:
        return

    def may_trust_caches(self) -> bool:
        return True
