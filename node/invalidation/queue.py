"""`queue`: one durable queue for each other node, as Jira's own cache replication works (reference: jira.md 8.2).

The transaction that invalidates also writes one row for every other ACTIVE node, alive or not; an OFFLINE node gets
none. In the background each destination has a lane: its oldest rows go out over the bus as one batch, and are deleted
when the destination has acknowledged that batch; until then the same batch is sent again, less and less often. So what
a broken bus or a dead node holds up arrives late, in order and complete. Nobody is fenced meanwhile: a node that cannot
be reached goes on trusting its caches, which is what tells this delivery from `fenced`.

A message may arrive twice and applying it twice is applying it once. Rows belong to the node that wrote them and wait
in Postgres for its next life. Every pause here is real time.
"""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation import Apply, Send
from node.invalidation.facts import Backlog, DeliveryFacts, backlog
from node.invalidation.lease import boot_ns
from node.invalidation.receipts import NodeReceipt, Outcome, Receipt
from node.store import cluster_nodes, replication_queue
from node.store.engine import Database
from node.store.replication_queue import QueuedRow
from shared.bus import Bus, Message, Subscribed
from shared.errors import DependencyError
from shared.log import get_logger
from shared.messages import Invalidation, QueueAck, QueueBatch, decode
from shared.versions import Version

log = get_logger()

BATCH = 200
MOMENT_S = 0.05
"""How long the call stays to see whether an acknowledgement comes at once."""
ACK_LIMIT_S = 1.0
BACK_OFF_FIRST_S = 0.05
BACK_OFF_MAX_S = 1.0
LOOK_S = 1.0
"""Between two looks at the whole table: for rows of an earlier life, and to count what waits."""


class Lane:
    """The way to one destination. `acknowledged` is the last row it has confirmed to this process."""

    def __init__(self, destination: str) -> None:
        self.destination = destination
        self.undelivered = 0
        self.acknowledged = 0
        self.level = Backlog.FINE
        self.has_work = asyncio.Event()
        self.is_reached = True


class Step(Enum):
    """How one attempt to deliver ended."""

    NOTHING_LEFT = auto()
    DELIVERED = auto()
    FAILED = auto()


class QueueDelivery:
    """This node's queues for the others, and its end of theirs."""

    tells = True

    def __init__(self, database: Database, bus: Bus, apply: Apply, *, node_id: str, channel: str) -> None:
        self._database = database
        self._bus = bus
        self._apply = apply
        self._node_id = node_id
        self._channel = channel
        self._lanes: dict[str, Lane] = {}
        self._news = asyncio.Condition()
        self._new_lanes: asyncio.Queue[Lane] = asyncio.Queue()
        self.batches = 0
        self.retries = 0
        self.delivered = 0
        self.received = 0

    def facts(self) -> DeliveryFacts:
        return DeliveryFacts(
            counters={
                "batches": self.batches,
                "retries": self.retries,
                "delivered": self.delivered,
                "received": self.received,
            },
            undelivered={lane.destination: lane.undelivered for lane in self._lanes.values()},
        )

    def may_trust_caches(self) -> bool:
        """Always: a node that waits for its queue does not know what is in it."""
        return True

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        """Queues the event for every other ACTIVE node that would understand it."""
        versions = await cluster_nodes.active_besides(connection, self._node_id)
        understanding = [name for name, version in versions.items() if Version.parse(version).invalidates_cluster_wide]
        rows = await replication_queue.append(
            connection,
            sender=self._node_id,
            destinations=understanding,
            payload=event.encode().decode(),
            now_ms=event.at_ms,
        )
        return partial(self._send, event, rows, [name for name in versions if name not in rows])

    async def leave(self) -> None:
        """What was not delivered waits for the next life of this node."""

    async def run(self, listening: asyncio.Event) -> None:
        """Delivers and applies until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._serve_new_lanes(group))
            group.create_task(self._listen(listening))
            group.create_task(self._look_again())

    # --- sending

    async def _send(self, event: Invalidation, rows: dict[str, int], unaware: list[str]) -> Receipt:
        """Wakes the lanes; never waits for a node that does not answer at once."""
        committed_ns = boot_ns()
        for name in rows:
            lane = self._lane(name)
            lane.undelivered += 1
            self._judge(lane)
            lane.has_work.set()
        parts = await asyncio.gather(*(self._see(name, number, committed_ns) for name, number in rows.items()))
        not_told = (NodeReceipt(name, Outcome.NOT_TOLD, 0.0) for name in unaware)
        return Receipt(event, (*parts, *not_told), waited_ms=_since_ms(committed_ns))

    async def _see(self, name: str, number: int, committed_ns: int) -> NodeReceipt:
        lane = self._lanes[name]
        async with self._news:
            with suppress(TimeoutError):
                async with asyncio.timeout(MOMENT_S):
                    await self._news.wait_for(lambda: lane.acknowledged >= number)
        outcome = Outcome.APPLIED if lane.acknowledged >= number else Outcome.QUEUED
        return NodeReceipt(name, outcome, _since_ms(committed_ns))

    def _lane(self, name: str) -> Lane:
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = Lane(name)
            self._new_lanes.put_nowait(lane)
        return lane

    async def _serve_new_lanes(self, group: asyncio.TaskGroup) -> None:
        """A call may open a lane before this node delivers and after it has stopped doing so; its rows wait then."""
        while True:
            group.create_task(self._serve(await self._new_lanes.get()))

    async def _serve(self, lane: Lane) -> None:
        """Empties the lane whenever something is in it, batch after batch and never the second before the first."""
        pause_s = BACK_OFF_FIRST_S
        while True:
            await lane.has_work.wait()
            lane.has_work.clear()
            while (step := await self._deliver_next(lane)) is not Step.NOTHING_LEFT:
                if step is Step.DELIVERED:
                    pause_s = BACK_OFF_FIRST_S
                    continue
                self.retries += 1
                await asyncio.sleep(pause_s)
                pause_s = min(BACK_OFF_MAX_S, pause_s * 2)

    async def _deliver_next(self, lane: Lane) -> Step:
        """Sends the oldest rows and deletes them once they are acknowledged."""
        try:
            rows = await self._oldest(lane)
            if not rows:
                return Step.NOTHING_LEFT
            if not await self._hand_over(lane, rows):
                self._note_reached(lane, False)
                return Step.FAILED
            await self._forget(lane, rows)
        except DependencyError as error:
            self._note_reached(lane, False, str(error))
            return Step.FAILED
        self._note_reached(lane, True)
        return Step.DELIVERED

    async def _oldest(self, lane: Lane) -> list[QueuedRow]:
        async with self._database.transaction() as connection:
            return await replication_queue.oldest(
                connection, sender=self._node_id, destination=lane.destination, limit=BATCH
            )

    async def _hand_over(self, lane: Lane, rows: list[QueuedRow]) -> bool:
        batch = QueueBatch(self._node_id, rows[-1].id, [row.payload for row in rows])
        if await self._bus.publish(self._channel_of(lane.destination), batch.encode()) == 0:
            return False
        self.batches += 1
        async with self._news:
            with suppress(TimeoutError):
                async with asyncio.timeout(ACK_LIMIT_S):
                    await self._news.wait_for(lambda: lane.acknowledged >= batch.number)
        return lane.acknowledged >= batch.number

    async def _forget(self, lane: Lane, rows: list[QueuedRow]) -> None:
        async with self._database.transaction() as connection:
            count = await replication_queue.delete_through(
                connection, sender=self._node_id, destination=lane.destination, number=rows[-1].id
            )
        self.delivered += count
        lane.undelivered = max(0, lane.undelivered - count)
        self._judge(lane)

    async def _look_again(self) -> None:
        """Finds what an earlier life of this node left behind, and what a broken-off call did not announce."""
        while True:
            with suppress(DependencyError):
                async with self._database.transaction() as connection:
                    found = await replication_queue.undelivered(connection, sender=self._node_id)
                for name in found.keys() | self._lanes.keys():
                    lane = self._lane(name)
                    lane.undelivered = found.get(name, 0)
                    self._judge(lane)
                    if lane.undelivered:
                        lane.has_work.set()
            await asyncio.sleep(LOOK_S)

    def _judge(self, lane: Lane) -> None:
        """Says once that a queue has become too long, and once that it is not any more."""
        level = backlog(lane.undelivered)
        if level is lane.level:
            return
        write = {Backlog.FINE: log.info, Backlog.WARN: log.warning, Backlog.ERROR: log.error}[level]
        write("replication queue", destination=lane.destination, undelivered=lane.undelivered, level=level)
        lane.level = level

    def _note_reached(self, lane: Lane, is_reached: bool, why: str = "nobody acknowledges") -> None:
        if is_reached is lane.is_reached:
            return
        lane.is_reached = is_reached
        if is_reached:
            log.info("destination takes its queue again", destination=lane.destination)
        else:
            log.warning("destination does not take its queue; trying again", destination=lane.destination, why=why)

    # --- receiving

    async def _listen(self, listening: asyncio.Event) -> None:
        async for event in self._bus.subscribe(self._channel_of(self._node_id)):
            match event:
                case Subscribed():
                    listening.set()
                case Message(payload=payload):
                    await self._receive(payload)

    async def _receive(self, payload: bytes) -> None:
        match decode(payload):
            case QueueBatch() as batch:
                self._apply_batch(batch)
                with suppress(DependencyError):  # the sender asks again
                    ack = QueueAck(self._node_id, batch.number)
                    await self._bus.publish(self._channel_of(batch.sender), ack.encode())
            case QueueAck(node, number):
                async with self._news:
                    if (lane := self._lanes.get(node)) is not None:
                        lane.acknowledged = max(lane.acknowledged, number)
                        self._news.notify_all()
            case _:
                log.warning("a message on the bus was not understood", bytes=len(payload))

    def _apply_batch(self, batch: QueueBatch) -> None:
        """An entry that cannot be read is skipped: waiting for it would hold up everything behind it for good."""
        for entry in batch.entries:
            event = Invalidation.decode(entry.encode()) if isinstance(entry, str) else None
            if event is None:
                log.error("a queued message cannot be read and is skipped", sender=batch.sender, number=batch.number)
                continue
            self.received += 1
            self._apply(event)

    def _channel_of(self, node_id: str) -> str:
        return f"{self._channel}:{node_id}"


def _since_ms(start_ns: int) -> float:
    return (boot_ns() - start_ns) / 1e6
