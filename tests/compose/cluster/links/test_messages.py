"""Message faults, on the pub/sub of a real Valkey, in both of Redis' protocols."""

from collections import Counter
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from compose.cluster.links.faults import make_fault
from compose.cluster.links.frames import MORE, Frames
from tests.support.eventually import eventually
from tests.support.relays import on_uvloop, open_link

PAYLOADS = [b"%d\r\nwith lines\n" % number for number in range(40)]


@asynccontextmanager
async def line(stores, protocol):
    """A link to Valkey, and how to reach Valkey through it and beside it."""
    parts = urlsplit(stores.redis_url)

    def client(port):
        return Redis(host="127.0.0.1", port=port, password=parts.password, protocol=protocol)

    async with open_link(parts.port, redis=True) as link, client(link.port) as through, client(parts.port) as beside:
        yield link, through, beside


in_both_protocols = pytest.mark.parametrize("protocol", [2, 3])


@asynccontextmanager
async def subscribed(client, channel):
    pubsub = client.pubsub()
    await pubsub.subscribe(channel)
    assert (await pubsub.get_message(timeout=5))["type"] == "subscribe"
    try:
        yield pubsub
    finally:
        await pubsub.aclose()


async def heard(pubsub, until):
    """Payloads up to and including that one."""
    payloads = []
    while not payloads or payloads[-1] != until:
        message = await pubsub.get_message(timeout=5)
        assert message is not None, payloads
        if message["type"] == "message":
            payloads.append(message["data"])
    return payloads


async def publish(beside, channel):
    for payload in PAYLOADS:
        await beside.publish(channel, payload)


@in_both_protocols
@on_uvloop
async def test_dropped_messages_are_missing_and_nothing_else(stores, protocol):
    """Half of them, the same half for the same seed; after healing all arrive."""
    async with line(stores, protocol) as (link, through, beside):
        async with subscribed(through, "drop") as pubsub:
            await link.set_fault(make_fault("drop", {"share": 0.5, "seed": 4}, redis=True))
            await publish(beside, "drop")
            await pubsub.ping()
            hits = await link.heal()
            await beside.publish("drop", b"end")
            payloads = (await heard(pubsub, b"end"))[:-1]
            assert payloads == [payload for payload in PAYLOADS if payload in payloads]
            assert len(payloads) == len(PAYLOADS) - hits
            assert 5 < hits < 35


@in_both_protocols
@on_uvloop
async def test_answers_are_never_touched(stores, protocol):
    """While every message is dropped, questions are answered: to PUBLISH, to lists that look like messages."""
    async with line(stores, protocol) as (link, through, beside):
        await beside.delete("list")
        await beside.rpush("list", "message", "list", "x")
        async with subscribed(through, "answers"):
            await link.set_fault(make_fault("drop", {}, redis=True))
            assert await through.publish("answers", b"x") == 1
            assert await through.lrange("list", 0, -1) == [b"message", b"list", b"x"]
            big = b"\r\n$7\r\nmessage" * 200_000
            await through.set("big", big)
            assert await through.get("big") == big
            assert await link.heal() == 1
        await beside.delete("big", "list")


@in_both_protocols
@on_uvloop
async def test_duplicated_messages_arrive_again(stores, protocol):
    """As often as it was asked for, each in its place."""
    async with line(stores, protocol) as (link, through, beside):
        async with subscribed(through, "double") as pubsub:
            await link.set_fault(make_fault("duplicate", {"copies": 3}, redis=True))
            await publish(beside, "double")
            await pubsub.ping()
            payloads = []
            while len(payloads) < 3 * len(PAYLOADS):
                message = await pubsub.get_message(timeout=5)
                if message["type"] == "message":
                    payloads.append(message["data"])
            assert payloads == [payload for payload in PAYLOADS for _ in range(3)]
            assert await link.heal() == len(PAYLOADS)


@in_both_protocols
@on_uvloop
async def test_reordered_messages_all_arrive_once_in_another_order(stores, protocol):
    """And the last ones do not wait for company for ever."""
    async with line(stores, protocol) as (link, through, beside):
        async with subscribed(through, "order") as pubsub:
            await link.set_fault(make_fault("reorder", {"window": 7, "hold_ms": 20, "seed": 1}, redis=True))
            await publish(beside, "order")
            payloads = [(await pubsub.get_message(timeout=5))["data"] for _ in PAYLOADS]
            assert payloads != PAYLOADS
            assert Counter(payloads) == Counter(PAYLOADS)


@in_both_protocols
@on_uvloop
async def test_healing_lets_go_of_what_waited(stores, protocol):
    """At once."""
    async with line(stores, protocol) as (link, through, beside):
        async with subscribed(through, "waiting") as pubsub:
            await link.set_fault(make_fault("reorder", {"window": 1000, "hold_ms": 600_000}, redis=True))
            await publish(beside, "waiting")
            await eventually(lambda: link.hits == len(PAYLOADS))
            await link.heal()
            payloads = [(await pubsub.get_message(timeout=5))["data"] for _ in PAYLOADS]
            assert Counter(payloads) == Counter(PAYLOADS)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_frames_are_found_wherever_the_pieces_end(size):
    """Each frame ends in exactly one piece; put together the pieces are what was said."""
    said = b"+OK\r\n$12\r\nab\r\ncd\nef\r\n\n\r\n:7\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\n\r\n\r\n-ERR no\r\n"
    frames = Frames()
    pieces = [found for start in range(0, len(said), size) for found in frames.feed(said[start : start + size])]
    assert b"".join(piece for piece, _ in pieces) == said
    objects = [found for _, found in pieces if found is not MORE]
    assert objects[:4] == [b"OK", b"ab\r\ncd\nef\r\n\n", 7, [b"message", b"c", b"\r\n"]]
    assert len(objects) == 5
    assert not frames.inside


def test_what_is_no_redis_passes_whole():
    """TLS, for example: there are no messages to be found, and nothing is held back."""
    frames = Frames()
    assert frames.feed(b"\x16\x03\x01 hello\n and more") == [(b"\x16\x03\x01 hello\n and more", None)]
    assert frames.feed(b"+OK\r\n+OK\r\n") == [(b"+OK\r\n+OK\r\n", None)]
