"""Nodes reduced to what invalidation needs: caches, the session gate and the delivery, on a real Postgres, with a bus
that can be told to lose, double or hold messages and clocks that can be moved, each for one node alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from node.admin_actions import AdminActions
from node.caches import Caches
from node.crowd import CrowdCache
from node.identity import Account
from node.invalidation import InvalidationDelivery
from node.invalidation.fenced import FencedDelivery
from node.invalidation.lease import boot_ns
from node.invalidation.receipts import Receipt, Receipts
from node.passwords import Passwords
from node.session_gate import DirectoryReader, SessionGate
from node.store import directory
from node.store.engine import Database, open_database
from node.web_sessions import SessionLimits, WebSession, WebSessions
from shared.bus import Bus, MemoryBus, Message
from shared.clock import FakeClock
from shared.errors import DependencyError
from shared.messages import Invalidation
from shared.settings import CrowdGate, Switches

LEASE_S = 0.6


@dataclass
class FaultyBus:
    """One node's line to a bus. Each fault works on this line alone."""

    bus: Bus
    cut: bool = False
    deaf: bool = False
    lose: int = 0
    double: bool = False
    held: list[Message] = field(default_factory=list)
    hold: bool = False
    published: list[bytes] = field(default_factory=list)
    heard: list[Message] = field(default_factory=list)

    async def publish(self, channel, payload):
        if self.cut:
            raise DependencyError("the line was cut by the test")
        self.published.append(payload)
        return await self.bus.publish(channel, payload)

    async def subscribe(self, *channels):
        async for event in self.bus.subscribe(*channels):
            if isinstance(event, Message) and self._is_lost(event):
                continue
            if isinstance(event, Message):
                self.heard.append(event)
            yield event
            if self.double:
                yield event

    def _is_lost(self, event):
        if self.cut or self.deaf:
            return True
        if self.hold:
            self.held.append(event)
            return True
        if self.lose and Invalidation.decode(event.payload):
            self.lose -= 1
            return True
        return False


@dataclass
class BootClock:
    """Real boot time, moved by `offset_ns`: another machine's clock, or this one's after a suspend."""

    offset_ns: int = 0

    def __call__(self) -> int:
        return boot_ns() + self.offset_ns


class FencedNode:
    """One node: log in, ask, invalidate."""

    def __init__(self, node_id: str, database: Database, bus: FaultyBus, lease_s: float) -> None:
        self.id = node_id
        self.bus = bus
        self.boot = BootClock()
        self.policy = FakeClock(rate=0)
        self.database = database
        self.caches = Caches(WebSessions(SessionLimits(5 * 3_600_000), capacity=100_000), CrowdCache(ttl_ms=900_000))
        self.applies = 0
        self.delivery = self.new_delivery(lease_s)
        self.reader = DirectoryReader(database, self.caches)
        self.gate = SessionGate(
            self.reader,
            self.caches,
            self.policy,
            gate=CrowdGate.BOTH,
            may_trust_caches=self.delivery.may_trust_caches,
        )
        self.receipts = Receipts()
        self.passwords = Passwords(memory_kib=8, passes=1)
        self.actions = AdminActions(
            database,
            self.passwords,
            self.caches,
            self.delivery,
            self.receipts,
            self.policy,
            node_id=node_id,
            switches=Switches(),
        )
        self.task: asyncio.Task[None] | None = None

    def new_delivery(self, lease_s: float) -> InvalidationDelivery:
        return FencedDelivery(
            self.database,
            self.bus,
            self.apply,
            self.caches.raise_floor,
            node_id=self.id,
            channel="fenced",
            lease_s=lease_s,
            clock=self.boot,
        )

    def apply(self, event: Invalidation) -> None:
        self.applies += 1
        if event.user_key is None:
            self.caches.void_everyone(position=event.position)
        else:
            self.caches.void(event.user_key, epoch=event.epoch, spare=self.caches.spared_by(event.event_id))

    async def join(self) -> None:
        listening = asyncio.Event()
        self.task = asyncio.create_task(self.delivery.run(listening))
        waiting = asyncio.create_task(listening.wait())
        await asyncio.wait({self.task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self.task.done():
            self.task.result()

    async def die(self) -> None:
        """As by SIGKILL: it says nothing to anybody, and its lease row stays."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
            self.task = None

    async def account(self, username: str = "alice") -> Account:
        async with self.database.transaction() as connection:
            account = await directory.by_name(connection, username)
        assert account is not None
        return account

    async def log_in(self, username: str = "alice", *, dawdle_s: float = 0.0) -> WebSession | None:
        """Reads the account and opens a session, as a login does; a slow one takes its time in between."""
        since = self.caches.mark()
        account = await self.account(username)
        if dawdle_s:
            await asyncio.sleep(dawdle_s)
        return self.caches.admit(account, since=since, now_ms=self.policy.now_ms())

    async def accepts(self, session: WebSession) -> bool:
        """What a request with that session would be answered."""
        if self.caches.web_sessions.find(session.id, now_ms=self.policy.now_ms()) is None:
            return False
        return (self.gate.from_memory(session) or await self.gate.renew(session)) is not None

    async def invalidate(self, username: str = "alice") -> Receipt:
        """Ends the user's sessions everywhere; returns when the call returns."""
        outcome = await self.actions.end_sessions(await self.account(username))
        assert outcome.event is not None
        return self.receipts.latest(1)[0]


@asynccontextmanager
async def fenced_nodes(
    database_url: str, count: int = 2, *, lease_s: float = LEASE_S, bus: Bus | None = None
) -> AsyncIterator[list[FencedNode]]:
    """That many nodes, joined, on one bus."""
    async with AsyncExitStack() as stack:
        shared_bus = bus or MemoryBus()
        nodes = []
        for number in range(1, count + 1):
            database = await stack.enter_async_context(open_database(database_url, pool_size=8))
            node = FencedNode(f"node-{number}", database, FaultyBus(shared_bus), lease_s)
            stack.callback(node.passwords.close)
            stack.push_async_callback(node.die)
            nodes.append(node)
        await asyncio.gather(*(node.join() for node in nodes))
        yield nodes
