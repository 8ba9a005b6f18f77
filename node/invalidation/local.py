"""`local`: nobody is told. Nodes older than 9.11 work like this; a rest of the cluster waits for its Crowd entries."""

import asyncio

from shared.messages import Invalidation


class LocalDelivery:
    """Sends nothing and understands nothing."""

    async def send(self, event: Invalidation) -> None:
        return

    async def run(self, listening: asyncio.Event) -> None:
        listening.set()
        await asyncio.Event().wait()
