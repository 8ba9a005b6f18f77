"""Each fault: what it does to connections old and new, what healing does, and what it leaves alone."""

import asyncio
import random
import time

import pytest

from compose.cluster.links.faults import KINDS, make_fault
from shared.errors import OperatorError
from tests.support.eventually import eventually
from tests.support.relays import LOOPBACK, dialled, gets, gets_nothing, on_uvloop, open_link, other_end, peer


def fault(kind, **settings):
    return make_fault(kind, settings, redis=True)


async def is_reset(reader):
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 5)
    return True


async def closed(writer):
    writer.close()
    await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def serves(link, target):
    """A new connection carries bytes both ways."""
    async with dialled(link, target) as (ours, theirs):
        ours[1].write(b"ping")
        assert await gets(theirs[0], 4) == b"ping"
        theirs[1].write(b"pong")
        assert await gets(ours[0], 4) == b"pong"


@on_uvloop
async def test_reset_breaks_off_and_refuses(link, target):
    """Both sides of old connections notice at once, new ones are refused, and healed is healed."""
    async with dialled(link, target) as (ours, theirs):
        await link.set_fault(fault("reset"))
        assert await is_reset(ours[0])
        assert await is_reset(theirs[0])
        assert link.hits == 1
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOOPBACK, link.port)
    assert await link.heal() == 1
    await serves(link, target)


@pytest.mark.parametrize(("kind", "dead"), [("cut", "both"), ("cut-out", "out"), ("cut-in", "in")])
@on_uvloop
async def test_a_cut_swallows_its_directions_and_no_other(link, target, kind, dead):
    """Nobody is told; ends of connections are swallowed too."""
    async with dialled(link, target) as (ours, theirs):
        await link.set_fault(fault(kind))
        ours[1].write(b"out")
        theirs[1].write(b"in")
        if dead == "in":
            assert await gets(theirs[0], 3) == b"out"
        if dead == "out":
            assert await gets(ours[0], 2) == b"in"
        if dead in ("both", "out"):
            assert await gets_nothing(theirs[0])
            ours[1].close()
            assert await gets_nothing(theirs[0])
        if dead in ("both", "in"):
            assert await gets_nothing(ours[0]) if dead == "in" else True
        assert link.hits >= 1


@pytest.mark.parametrize("kind", ["cut", "cut-out", "cut-in"])
@on_uvloop
async def test_a_connection_that_lost_bytes_is_reset_at_healing(link, target, kind):
    """It never goes on with a hole in it; one that lost nothing goes on untouched."""
    async with dialled(link, target) as (ours, theirs), dialled(link, target) as (silent, silent_theirs):
        await link.set_fault(fault(kind))
        (theirs if kind == "cut-in" else ours)[1].write(b"lost")
        await eventually(lambda: link.hits)
        assert await link.heal() == 1
        assert await is_reset(ours[0])
        assert await is_reset(theirs[0])
        silent[1].write(b"still here")
        assert await gets(silent_theirs[0], 10) == b"still here"


@pytest.mark.parametrize("kind", ["cut", "cut-out", "cut-in"])
@on_uvloop
async def test_nobody_gets_through_a_cut(link, target, kind):
    """A new connection hears nothing; at healing it is reset, and the next one is served."""
    await link.set_fault(fault(kind))
    reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
    writer.write(b"anybody?")
    assert await gets_nothing(reader)
    assert all(connection.out.sink is None for connection in link.connections)
    await link.heal()
    assert await is_reset(reader)
    await closed(writer)
    await serves(link, target)


@on_uvloop
async def test_freeze_holds_everything_and_loses_nothing(link, target):
    """Old connections go on where they stopped, and one that was dialled meanwhile is served after all."""
    chance = random.Random(7)
    out, inward = chance.randbytes(1_000_000), chance.randbytes(1_000_000)
    async with dialled(link, target) as (ours, theirs):
        ours[1].write(out[:10])
        assert await gets(theirs[0], 10) == out[:10]
        await link.set_fault(fault("freeze"))
        ours[1].write(out[10:])
        ours[1].write_eof()
        theirs[1].write(inward)
        assert await gets_nothing(theirs[0])
        assert await gets_nothing(ours[0])
        late_reader, late_writer = await asyncio.open_connection(LOOPBACK, link.port)
        late_writer.write(b"late")
        assert await gets_nothing(late_reader)
        assert await link.heal() == 2
        assert await gets(theirs[0], len(out) - 10) == out[10:]
        assert await asyncio.wait_for(theirs[0].read(), 5) == b""
        assert await gets(ours[0], len(inward)) == inward
        their_reader, _ = await other_end(link, target, late_writer)
        assert await gets(their_reader, 4) == b"late"
        await closed(late_writer)


@on_uvloop
async def test_delay_is_late_in_order_and_complete(link, target):
    """Never earlier than it says, whatever the jitter; and an end does not overtake what was said before it."""
    data = random.Random(3).randbytes(2_000_000)
    async with dialled(link, target) as (ours, theirs):
        await link.set_fault(fault("delay", ms=50, jitter_ms=40))
        sent = time.monotonic()
        ours[1].write(b"x")
        assert await gets(theirs[0], 1) == b"x"
        assert time.monotonic() - sent >= 0.009
        ours[1].write(data)
        ours[1].write_eof()
        assert await asyncio.wait_for(theirs[0].read(len(data)), 5)
        await link.heal()
        rest = await asyncio.wait_for(theirs[0].read(), 5)
        assert data.endswith(rest)
        assert link.connections


@on_uvloop
async def test_delay_keeps_every_byte(link, target):
    """A megabyte each way through a late line."""
    data = random.Random(5).randbytes(1_000_000)
    await link.set_fault(fault("delay", ms=5, jitter_ms=5, seed=2))
    async with dialled(link, target) as (ours, theirs):
        ours[1].write(data)
        theirs[1].write(data[::-1])
        assert await gets(theirs[0], len(data), within_s=20) == data
        assert await gets(ours[0], len(data), within_s=20) == data[::-1]


@on_uvloop
async def test_healing_delivers_what_was_under_way_at_once(link, target):
    """Not only after the rest of the delay."""
    async with dialled(link, target) as (ours, theirs):
        await link.set_fault(fault("delay", ms=600_000))
        ours[1].write(b"under way")
        await eventually(lambda: link.hits)
        assert await gets_nothing(theirs[0])
        assert await link.heal() == 1
        assert await gets(theirs[0], 9) == b"under way"


@on_uvloop
async def test_a_second_fault_takes_the_place_of_the_first(link, target):
    """What the first one held is let go."""
    async with dialled(link, target) as (ours, theirs):
        await link.set_fault(fault("freeze"))
        ours[1].write(b"held")
        assert await gets_nothing(theirs[0])
        await link.set_fault(fault("delay", ms=0))
        assert await gets(theirs[0], 4) == b"held"
        assert link.describe()["fault"] == {"kind": "delay", "ms": 0.0, "jitter_ms": 0.0, "seed": 0}


@pytest.mark.parametrize("kind", KINDS)
@on_uvloop
async def test_a_fault_touches_its_own_link_only(target, kind):
    """The neighbour's connections, old and new, go on; and the link itself is well again once it is healed."""
    settings = {"ms": 10_000} if kind == "delay" else {}
    async with open_link(target.port, redis=True) as link, peer() as other, open_link(other.port) as neighbour:
        async with dialled(neighbour, other) as (ours, theirs):
            await link.set_fault(fault(kind, **settings))
            ours[1].write(b"hello")
            assert await gets(theirs[0], 5) == b"hello"
            await serves(neighbour, other)
            await link.heal()
            await serves(link, target)
            theirs[1].write(b"bye")
            assert await gets(ours[0], 3) == b"bye"
        assert neighbour.hits == 0


@on_uvloop
async def test_healing_a_link_that_is_well_changes_nothing(link, target):
    async with dialled(link, target) as (ours, theirs):
        assert await link.heal() == 0
        ours[1].write(b"x")
        assert await gets(theirs[0], 1) == b"x"


def test_a_fault_that_cannot_be_is_the_operators_to_mend():
    """Unknown kinds and settings are named, and so is what there is."""
    with pytest.raises(OperatorError, match=r"no fault 'meteor'; there are reset, cut"):
        make_fault("meteor", {}, redis=True)
    with pytest.raises(OperatorError, match=r"delay: .*\n.*ms: Field required\n.*speed: Extra"):
        make_fault("delay", {"speed": 3}, redis=True)
    with pytest.raises(OperatorError, match="drop is about messages"):
        make_fault("drop", {}, redis=False)
