"""`pubsub`: bare Redis pub/sub, at most once. Fast, and silent about what it loses; the form that shows why `queue` and
`fenced` exist."""

import asyncio
from collections import deque
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation import Apply, Send
from node.invalidation.facts import DeliveryFacts
from node.invalidation.lease import boot_ns
from node.invalidation.receipts import NodeReceipt, Outcome, Receipt
from node.store import cluster_nodes
from shared.bus import Bus, Message, Subscribed
from shared.errors import DependencyError
from shared.log import get_logger
from shared.messages import Invalidation
from shared.versions import Version

log = get_logger()

OWN_EVENTS_MAX = 1024


class PubSubDelivery:
    """Publishes to, and applies from, one channel that all nodes share."""

    tells = True

    def __init__(self, bus: Bus, apply: Apply, *, node_id: str, channel: str) -> None:
        self._bus = bus
        self._apply = apply
        self._node_id = node_id
        self._channel = channel
        self._own: deque[str] = deque(maxlen=OWN_EVENTS_MAX)
        self.sent = 0
        self.received = 0
        self.send_failures = 0
        self.subscriptions = 0

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        others = await cluster_nodes.active_besides(connection, self._node_id)
        return partial(self._send, event, others)

    async def leave(self) -> None:
        return

    def facts(self) -> DeliveryFacts:
        return DeliveryFacts(
            counters={
                "sent": self.sent,
                "received": self.received,
                "send_failures": self.send_failures,
                "subscriptions": self.subscriptions,
            }
        )

    def may_trust_caches(self) -> bool:
        """Always, and that is the weakness: a node that missed a message does not know it."""
        return True

    async def _send(self, event: Invalidation, others: dict[str, str]) -> Receipt:
        """Whoever would understand it was told, if anybody was; who listened, nobody knows."""
        started_ns = boot_ns()
        self._own.append(event.event_id)
        try:
            await self._bus.publish(self._channel, event.encode())
            told = Outcome.TOLD
            self.sent += 1
        except DependencyError as error:
            told = Outcome.NOT_TOLD
            self.send_failures += 1
            log.warning("invalidation not published", event_id=event.event_id, user=event.user_key, error=str(error))
        after_ms = (boot_ns() - started_ns) / 1e6
        parts = (
            NodeReceipt(name, told if Version.parse(version).invalidates_cluster_wide else Outcome.NOT_TOLD, after_ms)
            for name, version in others.items()
        )
        return Receipt(event, tuple(parts), after_ms)

    async def run(self, listening: asyncio.Event) -> None:
        async for event in self._bus.subscribe(self._channel):
            match event:
                case Subscribed():
                    self.subscriptions += 1
                    listening.set()
                    if self.subscriptions > 1:
                        log.warning("bus reconnected; what was published meanwhile is lost")
                case Message(payload=payload):
                    self._receive(payload)

    def _receive(self, payload: bytes) -> None:
        message = Invalidation.decode(payload)
        if message is None:
            log.warning("a message on the bus was not understood", bytes=len(payload))
            return
        if message.event_id in self._own:  # by exact event id: another node's message for the same user must count
            return
        self.received += 1
        self._apply(message)
