"""A healthy link: what goes in comes out, both ways, and ends are ends."""

import asyncio
import random

import pytest

from compose.cluster.links.connection import BUFFER
from tests.support.eventually import eventually
from tests.support.relays import LOOPBACK, dialled, gets, on_uvloop, open_link, other_end, peer

READ_ONCE = 256 * 1024
"""What uvloop may read at once and hand over in one piece."""


async def pour(writer, data, chance):
    """Writes it in pieces of all sizes."""
    start = 0
    while start < len(data):
        size = chance.choice((1, 7, 1_400, 65_536, 300_000))
        writer.write(data[start : start + size])
        await writer.drain()
        start += size


@pytest.mark.parametrize("seed", range(3))
@on_uvloop
async def test_bytes_arrive_as_they_were_sent(link, target, seed):
    """Both ways at the same time, whatever the pieces."""
    chance = random.Random(seed)
    out, inward = chance.randbytes(3_000_000), chance.randbytes(2_000_000)
    async with dialled(link, target) as (ours, theirs):
        pouring = asyncio.gather(pour(ours[1], out, chance), pour(theirs[1], inward, chance))
        arrived = await asyncio.gather(gets(theirs[0], len(out)), gets(ours[0], len(inward)))
        await pouring
        assert arrived == [out, inward]
    described = link.describe()
    assert (described["bytes_out"], described["bytes_in"]) == (len(out), len(inward))


@on_uvloop
async def test_a_reader_that_is_slow_makes_the_writer_wait(link, target):
    """The relay holds a bounded part of what is under way, and loses nothing."""
    data = random.Random(1).randbytes(64 * 1024 * 1024)
    async with dialled(link, target) as (ours, theirs):
        theirs[1].transport.pause_reading()
        ours[1].write(data)
        pipe = next(iter(link.connections)).out
        await eventually(lambda: pipe._holds)
        assert pipe.sink.get_write_buffer_size() <= BUFFER + READ_ONCE
        assert ours[1].transport.get_write_buffer_size() > len(data) // 2
        theirs[1].transport.resume_reading()
        assert await gets(theirs[0], len(data), within_s=30) == data


@on_uvloop
async def test_a_side_that_has_finished_still_hears_the_other(link, target):
    """Half-closed here is half-closed there; the second end ends the connection."""
    async with dialled(link, target) as (ours, theirs):
        ours[1].write(b"that is all")
        ours[1].write_eof()
        assert await asyncio.wait_for(theirs[0].read(), 5) == b"that is all"
        theirs[1].write(b"well then")
        assert await gets(ours[0], 9) == b"well then"
        theirs[1].close()
        assert await asyncio.wait_for(ours[0].read(), 5) == b""
    await eventually(lambda: not link.connections)


@pytest.mark.parametrize("breaks", ["ours", "theirs"])
@on_uvloop
async def test_a_reset_on_one_side_is_one_on_the_other(link, target, breaks):
    """Nobody takes it for an orderly end."""
    async with dialled(link, target) as (ours, theirs):
        broken, witness = (ours, theirs) if breaks == "ours" else (theirs, ours)
        witness[1].write(b"unread")
        await eventually(lambda: len(broken[0]._buffer) == 6)
        next(iter(link.connections))._sides[0 if breaks == "ours" else 1].takes.sink.write(b"x")
        set_linger(broken[1])
        broken[1].transport.abort()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(witness[0].read(), 5)
    await eventually(lambda: not link.connections)


def set_linger(writer):
    """Makes `abort` a reset, as a killed machine's kernel would answer."""
    import os
    import socket
    import struct

    with socket.socket(fileno=os.dup(writer.get_extra_info("socket").fileno())) as twin:
        twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@on_uvloop
async def test_what_is_sent_before_the_target_is_reached_is_not_lost(link, target):
    """A client speaks as soon as it is connected, which is earlier than the link is."""
    for number in range(50):
        reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
        writer.write(f"hello {number:2}".encode())
        their_reader, their_writer = await other_end(link, target, writer)
        assert await gets(their_reader, 8) == f"hello {number:2}".encode()
        their_writer.close()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await writer.wait_closed()


@on_uvloop
async def test_a_link_is_as_open_as_its_target():
    """Who dials a target that is not there is refused, not accepted and then dropped; the link opens when the target
    comes and closes when it goes."""
    async with peer() as target:
        await target.stop_listening()
        async with open_link(target.port, wait=False) as link:
            await asyncio.sleep(0.05)
            assert not link.describe()["open"]
            await target.listen()
            await eventually(link.opened.is_set)
            async with dialled(link, target) as (ours, theirs):
                await target.stop_listening()
                theirs[1].close()
                assert await asyncio.wait_for(ours[0].read(), 5) == b""
            await eventually(lambda: not link.describe()["open"])
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(LOOPBACK, link.port)
            await target.listen()
            await eventually(link.opened.is_set)


@on_uvloop
async def test_a_connection_that_is_over_is_forgotten(link, target):
    """Two hundred of them leave nothing."""
    for _ in range(200):
        async with dialled(link, target) as (ours, theirs):
            ours[1].write(b"x")
            await gets(theirs[0], 1)
    await eventually(lambda: not link.connections)
    assert link.describe()["accepted"] == 200


@on_uvloop
async def test_a_watched_link_hears_of_its_targets_end_by_itself():
    """Nobody has dialled it; it closes as soon as the target has gone."""
    async with peer() as target, open_link(target.port, watched=True) as link:
        await eventually(lambda: target.connections)
        assert not link.connections
        await target.close()
        await eventually(lambda: not link.describe()["open"])


@on_uvloop
async def test_whoever_knows_that_a_target_is_gone_can_say_so():
    """The link refuses from then on without having looked, and breaks off whom it is just connecting: where a whole
    machine has gone, nobody is left who would refuse. It opens again by itself when the target answers."""
    async with peer() as target, open_link(target.port) as link:
        reader, _ = await silent_dial(link)

        await target.stop_listening()
        await link.target_gone()

        assert not link.describe()["open"]
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOOPBACK, link.port)
        await target.listen()
        await eventually(link.opened.is_set)


async def silent_dial(link):
    """A connection that the link accepts while its target, as a dead machine does, says nothing to whoever dials."""

    async def never(*_given, **_more):
        await asyncio.Event().wait()

    link._connect = never
    dialling = await asyncio.open_connection(LOOPBACK, link.port)
    await eventually(lambda: link._dialling)
    del link._connect
    return dialling
