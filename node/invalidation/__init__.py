"""How an invalidation travels from the node that performed it to the others: one delivery a file, one interface."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from shared.messages import Invalidation

Apply = Callable[[Invalidation], None]
"""Voids this node's caches; safe to call again with the same message."""


class InvalidationDelivery(Protocol):
    """What `admin_actions` needs of a delivery, and what the node runs in the background for it."""

    async def send(self, event: Invalidation) -> None:
        """Called after the commit and after this node's own caches. Never fails the call that was committed: what
        could not be delivered is logged and counted."""
        ...

    async def run(self, listening: asyncio.Event) -> None:
        """Receives until cancelled; sets `listening` once from then on nothing is missed for want of a subscriber."""
        ...
