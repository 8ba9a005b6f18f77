"""The bus on a real Valkey, when its connection is taken away under it."""

import asyncio
from contextlib import suppress

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.bus import MemoryBus, Message, RedisBus, Subscribed
from shared.errors import DependencyError


def test_a_connection_closed_under_the_bus_is_a_lost_bus_and_no_crash(stores):
    """uvloop calls it a RuntimeError when somebody writes to a closed transport; a node must live through that."""

    async def publish_on_a_closed_transport():
        async with RedisBus.connect(stores.redis_url) as bus:
            await bus.ping()
            (connection,) = bus._redis.connection_pool._available_connections
            connection._writer.transport.abort()
            connection.can_read_destructive = nothing_to_read
            with pytest.raises(DependencyError):
                await bus.publish("channel", b"x")

    async def nothing_to_read(*_given, **_more):
        return False

    uvloop.run(publish_on_a_closed_transport())


def test_a_subscription_survives_the_loss_of_its_connection(stores):
    """It subscribes again and says so, because messages may have been lost in between."""

    async def listen():
        async with RedisBus.connect(stores.redis_url) as bus:
            events = bus.subscribe("survives")
            assert await anext(events) == Subscribed()
            await bus._redis.client_kill_filter(_type="pubsub")
            assert await anext(events) == Subscribed()
            await bus.publish("survives", b"after")
            assert await anext(events) == Message("survives", b"after")
            await events.aclose()

    uvloop.run(listen())


@pytest.mark.parametrize("kind", ["redis", "memory"])
def test_several_channels_are_one_subscription(stores, kind):
    """Confirmed once, when the last of them stands; what is published on any other channel is not heard."""

    async def listen(bus):
        events = bus.subscribe("all", "mine")
        assert await anext(events) == Subscribed()
        assert await bus.publish("yours", b"0") == 0
        for channel in ("mine", "all"):
            assert await bus.publish(channel, b"1") == 1
            assert await anext(events) == Message(channel, b"1")
        await events.aclose()

    async def run():
        if kind == "memory":
            await listen(MemoryBus())
        else:
            async with RedisBus.connect(stores.redis_url) as bus:
                await listen(bus)

    uvloop.run(run())


def test_a_lost_subscription_of_several_channels_comes_back_as_one(stores):
    """Who is told that it stands again misses nothing from then on, on any of them."""

    async def listen():
        async with RedisBus.connect(stores.redis_url) as bus:
            events = bus.subscribe("all", "mine")
            assert await anext(events) == Subscribed()
            await bus._redis.client_kill_filter(_type="pubsub")
            assert await anext(events) == Subscribed()
            for channel in ("mine", "all"):
                await bus.publish(channel, b"after")
                assert await anext(events) == Message(channel, b"after")
            await events.aclose()

    uvloop.run(listen())


class SwallowingRedis:
    """redis-py where a cancellation meets a connection that is just breaking: it says something else, or nothing."""

    def __init__(self, end):
        self.end = end

    async def publish(self, _channel, _payload):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if self.end is not None:
                raise self.end from None
        return 0


@pytest.mark.parametrize("end", [RedisConnectionError("Connection closed by server."), None])
async def test_a_cancellation_that_the_client_swallows_is_one_all_the_same(end):
    """Else a task that publishes again and again would go on after it was told to end."""
    bus = RedisBus(SwallowingRedis(end))

    async def for_ever():
        while True:
            with suppress(DependencyError):
                await bus.publish("news", b"x")

    task = asyncio.create_task(for_ever())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
