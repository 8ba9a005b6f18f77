"""Publish and subscribe between nodes. It remembers nothing and may lose anything; who needs certainty asks the log.

`RedisBus` is the real one, `MemoryBus` its twin inside one process; both pass the same tests. A subscriber is told of
every (re)subscription, because between two of them any number of messages may have been lost without a word
(reference: invalidation.md P1).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from shared.errors import DependencyError, OperatorError

RECONNECT_FIRST_S = 0.05
RECONNECT_MAX_S = 1.0
QUEUE_MAX = 100_000
"""Messages a slow MemoryBus subscriber may hold; beyond that the oldest are dropped, as Redis would drop the reader."""

_LOST = (RedisError, OSError, RuntimeError)
"""Ways of saying that the connection is gone. The last one is uvloop's, when redis-py writes to a closed transport."""


@dataclass(frozen=True, slots=True)
class Message:
    """A payload somebody published."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription stands from here on. What was published before this moment may be lost."""


Event = Message | Subscribed


class Bus(Protocol):
    """What a node needs of a bus."""

    async def publish(self, channel: str, payload: bytes) -> int:
        """Returns how many listened. Raises DependencyError when the bus cannot be reached."""
        ...

    def subscribe(self, *channels: str) -> AsyncIterator[Event]:
        """What is published on any of the channels. Endless; reconnects by itself and then yields another Subscribed,
        once for all of them. Never raises for a lost bus."""
        ...


class RedisBus:
    """Redis or Valkey pub/sub through `redis.asyncio`."""

    def __init__(self, client: "Redis") -> None:
        self._redis = client

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, *, timeout_s: float = 2.0) -> AsyncIterator["RedisBus"]:
        """A bus on that URL; the server need not answer yet. Raises OperatorError for a URL that is none."""
        try:
            client = Redis.from_url(url, socket_connect_timeout=timeout_s, socket_timeout=timeout_s)
        except ValueError as error:
            raise OperatorError(f"{url!r} is not a Redis URL ({error}); expected redis://host:port/0") from error
        async with AsyncExitStack() as stack:
            stack.push_async_callback(client.aclose)
            yield cls(client)

    async def ping(self) -> None:
        """Raises DependencyError when the server does not answer."""
        try:
            with _cancellation_wins():
                await self._redis.ping()
        except _LOST as error:
            raise DependencyError(f"Redis does not answer: {error}") from error

    async def publish(self, channel: str, payload: bytes) -> int:
        try:
            with _cancellation_wins():
                return int(await self._redis.publish(channel, payload))
        except _LOST as error:
            raise DependencyError(f"Redis did not take the message for {channel}: {error}") from error

    async def subscribe(self, *channels: str) -> AsyncIterator[Event]:
        delay_s = RECONNECT_FIRST_S
        while True:
            pubsub = self._redis.pubsub()
            try:
                with _cancellation_wins():
                    await pubsub.subscribe(*channels)
                async for event in _events(pubsub, len(channels)):
                    delay_s = RECONNECT_FIRST_S
                    yield event
            except _LOST:
                await asyncio.sleep(delay_s)
                delay_s = min(RECONNECT_MAX_S, delay_s * 2)
            finally:
                with suppress(*_LOST):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]


@contextmanager
def _cancellation_wins() -> Iterator[None]:
    """Raises CancelledError when somebody cancelled this task during the block, whatever came of the block: redis-py
    may answer a cancellation that meets a connection just breaking with an error of its own, or with none, and then a
    task that waits for the next thing to do would never end."""
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        yield
    except _LOST:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError from None
        raise
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError


async def _events(pubsub: PubSub, channels: int) -> AsyncIterator[Event]:
    """Everything the connection says, confirmations included: redis-py reconnects inside the read and only a second
    confirmation tells. Each channel has its own, which says how many there are by now; the last one counts. An idle
    channel is no error, so the wait has no time limit here."""
    while True:
        with _cancellation_wins():
            raw = await pubsub.get_message(timeout=None)
        if raw is None:
            continue
        if raw["type"] == "subscribe" and raw["data"] == channels:
            yield Subscribed()
        elif raw["type"] == "message":
            yield Message(raw["channel"].decode(), raw["data"])


class MemoryBus:
    """The in-memory twin, for tests of what stands on a bus."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Event]]] = defaultdict(set)
        self.broken = False

    async def publish(self, channel: str, payload: bytes) -> int:
        if self.broken:
            raise DependencyError("the memory bus was told to be broken")
        queues = self._queues[channel]
        for queue in queues:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(Message(channel, payload))
        return len(queues)

    async def subscribe(self, *channels: str) -> AsyncIterator[Event]:
        queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_MAX)
        queue.put_nowait(Subscribed())
        for channel in channels:
            self._queues[channel].add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            for channel in channels:
                self._queues[channel].discard(queue)
