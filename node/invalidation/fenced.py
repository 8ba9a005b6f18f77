"""`fenced`: pub/sub as the hint, the log as the truth, leases as the guarantee.

Invariant. A node answers from its caches only while it can prove that it has applied every invalidation up to a
position that was the head of the log no longer than one lease ago. So no request that starts after an invalidating call
has returned is accepted on anything older, whatever happened to the bus, to a node or to the network meanwhile.

*Heartbeat*, every quarter of a lease: note the boot-time clock; in one transaction take the head lock SHARED, renew our
row, read the head; when everything up to that head has been applied, the lease counts from the noted time.

*Invalidate*: under the head lock EXCLUSIVE, held to commit, the log entry is written and the lease rows are read. After
the commit the hint is published, and the call waits until each of those lives of nodes has acknowledged the position or
its lease is certainly over. Because of the lock a heartbeat is either before the entry, and then its row was read, or
after it, and then it has seen the new head.

*Whose lease is over* is judged by observation and not by comparing clocks (`lease.LeaseWatch`): a row that this node
has seen unchanged since t was asked for before t, so its holder stops trusting it before t + one lease. That replaces
the expiry instant in the row, which would need clocks of different machines, or the database's, to agree; the argument
is explored exhaustively by `tests/node/invalidation/fenced_model.py`. A row goes when its lease has been over for long,
and only as it was seen then: a node that was away itself, and so long that everybody looks dead to it, must not remove
the row of somebody who has renewed it meanwhile, since no call would wait for that node any more. For the same reason a
node that finds its row gone writes it with a number of beats that nobody has seen yet.

The bus carries hints and a canary, which all nodes hear, and acknowledgements, each into the inbox of the node whose
call waits for it. Losing any of them costs time, never safety: hints are found in the log and acknowledgements in the
lease rows at the next heartbeat. Leases and waits are real time.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial

from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation import Apply, Send
from node.invalidation.acknowledgements import Acknowledgements
from node.invalidation.facts import DeliveryFacts
from node.invalidation.lease import NS, BootClock, Lease, LeaseRow, LeaseWatch, boot_ns
from node.invalidation.receipts import Receipt
from node.store import invalidation_log, leases
from node.store.engine import Database
from shared.bus import Bus, Message, Subscribed
from shared.errors import DependencyError, OperatorError
from shared.log import get_logger
from shared.messages import PROTOCOL, Ack, Canary, Invalidation, decode

log = get_logger()

PAGE = 1_000
BUS_PATIENCE_S = 2.0
"""How long a starting node waits for the bus before it goes on without; it can do without."""
JOIN_RETRY_S = 0.2
LOG_KEPT = 100_000
TRIM_EVERY = 1_000


@dataclass
class FencedCounters:
    """What the metrics show."""

    gaps: int = 0
    replays: int = 0
    replayed: int = 0
    floors: int = 0
    fences: int = 0
    hints: int = 0
    duplicates: int = 0
    heartbeats: int = 0
    heartbeats_failed: int = 0
    canary_ns: int = 0
    subscriptions: int = 0


class FencedDelivery:
    """One node's part of the protocol."""

    tells = True

    def __init__(
        self,
        database: Database,
        bus: Bus,
        apply: Apply,
        raise_floor: Callable[[], None],
        *,
        node_id: str,
        channel: str,
        lease_s: float,
        clock: BootClock = boot_ns,
    ) -> None:
        self._database = database
        self._bus = bus
        self._apply = apply
        self._raise_floor = raise_floor
        self._node_id = node_id
        self._channel = channel
        self._lease_s = lease_s
        self._clock = clock
        self.incarnation = uuid.uuid4().hex
        self.lease = Lease(lease_s, clock=clock)
        self.applied = 0
        self.head = 0
        self.counters = FencedCounters()
        self._beats = 0
        self._row_in_use = asyncio.Lock()
        self._watch = LeaseWatch(clock=clock)
        self._acknowledgements = Acknowledgements(clock)
        self._owed: set[str] = set()
        self._to_acknowledge = asyncio.Event()
        self._canary_is_due = asyncio.Event()
        self._must_catch_up = asyncio.Event()
        self._was_fenced = True
        self._has_left = False

    def may_trust_caches(self) -> bool:
        """Does the lease hold right now?"""
        if self.lease.holds():
            return True
        if not self._was_fenced:
            self._was_fenced = True
            self.counters.fences += 1
            log.warning("fenced: the lease has run out; asking the database until it is renewed", applied=self.applied)
        return False

    def facts(self) -> DeliveryFacts:
        counters = asdict(self.counters)
        canary_ns = counters.pop("canary_ns")
        return DeliveryFacts(
            applied=self.applied,
            head=self.head,
            lease_left_s=self.lease.left_s,
            canary_age_s=(self._clock() - canary_ns) / NS if canary_ns else None,
            counters=counters,
        )

    async def record(self, connection: AsyncConnection, event: Invalidation) -> Send:
        """Reads, under the head lock, whose leases the call will have to wait for."""
        rows = await leases.all_leases(connection)
        read_ns = self._clock()
        if event.position % TRIM_EVERY == 0:
            await invalidation_log.trim(connection, keep=LOG_KEPT, head=event.position)
        over_at_ns = {
            row: self._watch.over_at_ns(row, read_ns=read_ns) for row in rows if row.incarnation != self.incarnation
        }
        return partial(self._send, event, over_at_ns)

    async def _send(self, event: Invalidation, over_at_ns: dict[LeaseRow, int]) -> Receipt:
        """Returns when every node has applied the event or is fenced: after one lease at the most."""
        committed_ns = self._clock()
        hint = asyncio.create_task(self._hint(event))
        self._hear(event)
        parts = await self._acknowledgements.wait_for(event.position, over_at_ns, committed_ns=committed_ns)
        hint.cancel()  # everybody has it or is fenced; a bus that says nothing must not hold up the call
        return Receipt(event, parts, (self._clock() - committed_ns) / 1e6)

    async def _hint(self, event: Invalidation) -> None:
        try:
            await self._bus.publish(self._channel, event.encode())
        except DependencyError as error:
            log.warning("hint not published; the log tells it", event_id=event.event_id, error=str(error))

    async def run(self, listening: asyncio.Event) -> None:
        """Joins, then listens, acknowledges and renews the lease until cancelled.

        Raises OperatorError when a node of this cluster speaks another version of the protocol.
        """
        subscribed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(subscribed))
            with suppress(TimeoutError):
                async with asyncio.timeout(BUS_PATIENCE_S):
                    await subscribed.wait()
            await self._join()
            listening.set()
            group.create_task(self._acknowledge())
            group.create_task(self._send_canaries())
            group.create_task(self._beat())

    async def leave(self) -> None:
        """A polite end: nobody has to wait for this node any more, and it asks the database until it is gone."""
        self._has_left = True
        self.lease.end()
        try:
            # A heartbeat that is under way would write the row again.
            async with self._row_in_use, self._database.transaction() as connection:
                await leases.leave(connection, self._node_id, self.incarnation)
        except DependencyError as error:
            log.warning("leaving without giving the lease back", error=str(error))

    # --- the lease

    async def _join(self) -> None:
        """Subscribed first, then the row, then the head: whatever is invalidated from here on is waited for."""
        while True:
            noted_ns = self._clock()
            try:
                async with self._database.transaction() as connection:
                    await leases.lock_head_shared(connection)
                    strangers = await leases.other_protocols(connection, PROTOCOL)
                    self.applied = self.head = await invalidation_log.head(connection)
                    await self._renew_row(connection)
                    self._watch.observe(await leases.all_leases(connection))
                break
            except DependencyError as error:
                log.warning("cannot join the cluster yet", error=str(error))
                await asyncio.sleep(JOIN_RETRY_S)
        if strangers:
            await self.leave()
            raise OperatorError(
                f"{', '.join(strangers)} of this cluster speaks another invalidation protocol than {PROTOCOL}; "
                "run one release of dcsim on all nodes"
            )
        self._extend(noted_ns)

    async def _beat(self) -> None:
        interval_s = self._lease_s / 4
        while not self._has_left:
            with suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._must_catch_up.wait()
            self._must_catch_up.clear()
            try:
                async with asyncio.timeout(self._lease_s):
                    await self._renew()
                self.counters.heartbeats += 1
            except (DependencyError, TimeoutError) as error:
                self.counters.heartbeats_failed += 1
                log.warning("lease not renewed", error=str(error) or "it took longer than the lease")
                await asyncio.sleep(min(interval_s, JOIN_RETRY_S))

    async def _renew(self) -> None:
        """One heartbeat. The lease counts from before the question was sent, and only once the answer is applied."""
        async with self._row_in_use:
            if self._has_left:
                return
            noted_ns = self._clock()
            async with self._database.transaction() as connection:
                await leases.lock_head_shared(connection)
                await self._renew_row(connection)
                head = await invalidation_log.head(connection)
                rows = await leases.all_leases(connection)
                self._watch.observe(rows)
                await leases.forget(connection, self._watch.long_over())
        self.head = max(self.head, head)
        for row in rows:
            self._acknowledgements.note((row.node_id, row.incarnation), row.applied)
        self._acknowledgements.keep({(row.node_id, row.incarnation) for row in rows})
        if self.applied < head:
            await self._replay(head)
        if self.applied >= head:
            self._extend(noted_ns)
        self._canary_is_due.set()

    async def _renew_row(self, connection: AsyncConnection) -> None:
        self._beats += 1  # also of a renewal that is never known to have been carried out
        row = LeaseRow(self._node_id, self.incarnation, self._beats, self.applied, round(self._lease_s * 1_000))
        await leases.renew(connection, row, protocol=PROTOCOL)

    def _extend(self, noted_ns: int) -> None:
        if self._has_left:
            return
        self.lease.extend(noted_ns)
        if self.lease.holds():
            self._was_fenced = False

    # --- applying the log

    def _hear(self, event: Invalidation) -> None:
        """An event from the bus, from the log or of our own: applied if it is the next, found in the log if not."""
        self.head = max(self.head, event.position)
        self._owe(event)
        if event.position > self.applied + 1:
            self.counters.gaps += 1
            self._must_catch_up.set()
            return
        if event.position <= self.applied:
            self.counters.duplicates += 1
        else:
            self._apply_next(event)
        self._to_acknowledge.set()

    def _apply_next(self, event: Invalidation) -> None:
        """A step that fails is made up for without asking why: afterwards every session is asked about once."""
        try:
            self._apply(event)
        except Exception:
            log.exception("an invalidation could not be applied", event_id=event.event_id)
            self._raise_floor()
            self.counters.floors += 1
        self.applied = event.position

    async def _replay(self, head: int) -> None:
        """Reads what was missed, a page at a time. When it is not all there any more, a floor takes its place."""
        self.counters.replays += 1
        started_s = time.monotonic()
        first = self.applied
        while self.applied < head:
            async with self._database.transaction() as connection:
                page = await invalidation_log.entries_after(connection, self.applied, limit=PAGE)
            for entry in page:
                event = entry.event
                if event.position <= self.applied:
                    continue  # the bus was faster
                if event.position != self.applied + 1:
                    break
                if not entry.is_told:
                    self.applied = event.position  # as if nothing had happened: its origin is older than 9.11
                    continue
                self._apply_next(event)
                self._owe(event)
                self.counters.replayed += 1
            else:
                if page or self.applied >= head:
                    await asyncio.sleep(0)
                    continue
            self._raise_floor()
            self.counters.floors += 1
            self.applied = max(self.applied, head)
            log.warning("the log no longer has what was missed; every session is asked about once", head=head)
        self._to_acknowledge.set()
        log.info("caught up", first=first, applied=self.applied, real_ms=round((time.monotonic() - started_s) * 1e3, 2))

    # --- the bus

    async def _listen(self, subscribed: asyncio.Event) -> None:
        async for event in self._bus.subscribe(self._channel, self._inbox_of(self._node_id)):
            match event:
                case Subscribed():
                    self.counters.subscriptions += 1
                    subscribed.set()
                    self._must_catch_up.set()  # between two subscriptions anything may have been missed
                case Message(payload=payload):
                    self._receive(payload)

    def _receive(self, payload: bytes) -> None:
        match decode(payload):
            case Invalidation() as event:
                self.counters.hints += 1
                self._hear(event)
            case Ack(node, incarnation, applied):
                self._acknowledgements.note((node, incarnation), applied)
            case Canary(_, position):
                self.counters.canary_ns = self._clock()
                if position > self.applied:
                    self._must_catch_up.set()
            case None:
                log.warning("a message on the bus was not understood", bytes=len(payload))

    def _owe(self, event: Invalidation) -> None:
        """Whoever made the event waits for our acknowledgement, unless it was this node."""
        if event.origin != self._node_id:
            self._owed.add(event.origin)

    async def _acknowledge(self) -> None:
        """Says how far we are, once for everything that was applied since the last time, to those whose calls wait for
        it: heard by all, the acknowledgements of one event would rise with the square of the number of nodes."""
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            ack = Ack(self._node_id, self.incarnation, self.applied).encode()
            for node_id in tuple(self._owed):
                self._owed.remove(node_id)
                try:
                    await self._bus.publish(self._inbox_of(node_id), ack)
                except DependencyError:
                    self._owed.add(node_id)  # goes with the next one, unless a heartbeat has told it by then

    async def _send_canaries(self) -> None:
        """One after each heartbeat, beside it: a bus that says nothing must not cost the lease."""
        while True:
            await self._canary_is_due.wait()
            self._canary_is_due.clear()
            with suppress(DependencyError):
                await self._bus.publish(self._channel, Canary(self._node_id, self.head).encode())

    def _inbox_of(self, node_id: str) -> str:
        return f"{self._channel}:{node_id}"
