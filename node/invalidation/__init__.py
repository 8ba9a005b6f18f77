"""How an invalidation travels from the node that performed it to the others: one delivery a file, one interface."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation.facts import DeliveryFacts
from node.invalidation.receipts import Receipt
from shared.messages import Invalidation

Apply = Callable[[Invalidation], None]
"""Voids this node's caches; safe to call again with the same message."""


Send = Callable[[], Awaitable[Receipt]]
"""Tells the other nodes, and returns what is known of them. It never fails the call that was committed: what could not
be delivered is logged and counted."""


class InvalidationDelivery(Protocol):
    """What the rest of a node needs of a delivery. `tells`: do other nodes hear of what this one invalidates?"""

    tells: bool

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        """Called in the transaction that makes the invalidation, after its log entry and under the head lock. Returns
        what is to be called after the commit and after this node's own caches."""
        ...

    async def run(self, listening: asyncio.Event) -> None:
        """Receives until cancelled; sets `listening` once from then on nothing is missed for want of a subscriber."""
        ...

    def may_trust_caches(self) -> bool:
        """May this node answer from memory right now? Asked at every decision; must not wait for anything."""
        ...

    def facts(self) -> DeliveryFacts:
        """How far it is, what it has counted and what waits; costs nothing worth mentioning."""
        ...

    async def leave(self) -> None:
        """A polite end of the node: nobody has to wait for it any more."""
        ...
