"""One connection through a link: two sockets, and a pipe for each direction between them.

Bytes are handed on as they come. A side that does not read its bytes makes the other side wait: the relay never holds
more than BUFFER of a direction, besides what a fault holds by intention. A half-closed side is half-closed beyond the
relay too, and a reset on one side is a reset on the other.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, cast

from compose.cluster.links.frames import Frames
from compose.cluster.links.stages import End, Item, Stage

BUFFER = 64 * 1024
"""Bytes of one direction that may wait in the relay because the receiving side is slow."""


class Way(StrEnum):
    """A direction: along the arrow of the link's name, or against it."""

    OUT = "out"
    IN = "in"


class Hold(StrEnum):
    """Why a side is not read at the moment."""

    UNCONNECTED = "unconnected"
    SLOW_SINK = "slow sink"
    FAULT = "fault"


class Pipe:
    """One direction. `hits` counts what its stage did to it."""

    def __init__(self, way: Way, *, frames: Frames | None = None) -> None:
        self.way = way
        self.frames = frames
        self.stage = Stage(self)
        self.source: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None
        self.bytes = 0
        self.hits = 0
        self.lost = False
        self.ended = False
        self.on_end: Callable[[End], None] = lambda _: None
        self._holds: set[Hold] = set()
        self._early: list[Item] = []

    def take(self, item: Item) -> None:
        """From the source, on its way through the stage."""
        if self._holds and self.source is not None:
            self.source.pause_reading()  # uvloop starts reading after connection_made, whatever was said there
        if self.frames is None or isinstance(item, End):
            self.stage.take(item)
            return
        frames = self.frames.feed(item)
        if self.stage.wants_frames:
            self.stage.take_frames(frames)
        else:
            self.stage.take(item)

    def pass_on(self, item: Item) -> None:
        """To the sink, or to wait for it."""
        if Hold.UNCONNECTED in self._holds:
            self._early.append(item)
        elif isinstance(item, End):
            self.ended = True
            self.on_end(item)
        elif self.sink is not None and not self.sink.is_closing():
            self.bytes += len(item)
            self.sink.write(item)

    def lose(self, item: Item) -> None:
        """Takes the item out of the stream: the connection cannot go on after that."""
        self.hits += 1
        self.lost = True

    def hold(self, why: Hold) -> None:
        """Stops reading the source."""
        if not self._holds and self.source is not None:
            self.source.pause_reading()
        self._holds.add(why)

    def release(self, why: Hold) -> None:
        """Reads on, unless there is another reason not to."""
        if why not in self._holds:
            return
        self._holds.discard(why)
        if why is Hold.UNCONNECTED:
            early, self._early = self._early, []
            for item in early:
                self.pass_on(item)
        if not self._holds and self.source is not None and not self.source.is_closing():
            self.source.resume_reading()

    def attach_source(self, transport: asyncio.Transport) -> None:
        self.source = transport
        if self._holds:
            transport.pause_reading()


class Keeper(Protocol):
    """Who owns connections: the link."""

    def dial(self, connection: "Connection") -> None: ...

    def broken_by_target(self) -> None: ...

    def forget(self, connection: "Connection") -> None: ...


class Connection:
    """Two sides and two pipes. `doomed`: it will be reset when the fault is healed."""

    def __init__(self, keeper: Keeper, *, number: int, redis: bool) -> None:
        self.number = number
        self.dialled = False
        self.out = Pipe(Way.OUT)
        self.inward = Pipe(Way.IN, frames=Frames() if redis else None)
        self.doomed = False
        self._over = False
        self._keeper = keeper
        self._sides: list[Side] = []
        self.out.hold(Hold.UNCONNECTED)

    @property
    def pipes(self) -> tuple[Pipe, Pipe]:
        return self.out, self.inward

    def accepted(self) -> "Side":
        """The protocol of the side that dialled us."""
        return Side(self, self.out, self.inward)

    def reached(self) -> "Side":
        """The protocol of the side that we dialled."""
        return Side(self, self.inward, self.out)

    def opened(self, side: "Side") -> None:
        self._sides.append(side)
        if self._over:
            side.reset()
        elif side.gives is self.out:
            self._keeper.dial(self)
        else:
            self.out.release(Hold.UNCONNECTED)

    def closed(self, side: "Side") -> None:
        self._sides.remove(side)
        if not self._sides:
            self._over = True
            self._keeper.forget(self)

    def ended(self, side: "Side", how: End) -> None:
        """What one side said last has arrived at the other."""
        if side.gives is self.inward and not self.out.ended:
            self._keeper.broken_by_target()
        others = [other for other in self._sides if other is not side]
        for other in others:
            if how is End.RESET:
                other.reset()
            elif how is End.CLOSED or other.gives.ended:
                other.close()
            else:
                other.write_eof()
        if how is End.EOF and side.takes.ended:
            side.close()

    def reset(self) -> None:
        """Breaks off both sides, also one that is only just being reached."""
        self._over = True
        for side in list(self._sides):
            side.reset()


class Side(asyncio.Protocol):
    """One socket: what it says goes into the pipe `gives`, what it hears comes out of `takes`."""

    def __init__(self, connection: Connection, gives: Pipe, takes: Pipe) -> None:
        self.gives = gives
        self.takes = takes
        self._connection = connection
        self._transport: asyncio.Transport | None = None
        gives.on_end = lambda how: connection.ended(self, how)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not inherit from it
        self._transport.set_write_buffer_limits(high=BUFFER)
        self.takes.sink = self._transport
        self.gives.attach_source(self._transport)
        self._connection.opened(self)

    def data_received(self, data: bytes) -> None:
        self.gives.take(data)

    def eof_received(self) -> bool:
        self.gives.take(End.EOF)
        return True  # the other direction goes on

    def pause_writing(self) -> None:
        self.takes.hold(Hold.SLOW_SINK)

    def resume_writing(self) -> None:
        self.takes.release(Hold.SLOW_SINK)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self.takes.sink = None
        self.takes.release(Hold.SLOW_SINK)
        if not self.gives.ended:
            self.gives.take(End.CLOSED if error is None else End.RESET)
        elif error is not None:
            self._connection.ended(self, End.RESET)
        self._connection.closed(self)

    def write_eof(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write_eof()

    def close(self) -> None:
        """What has been written is still sent."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """At once, and the peer gets a reset instead of an end."""
        if self._transport is None:
            return
        number = self._transport.get_extra_info("socket").fileno()
        if number >= 0:
            with socket.socket(fileno=os.dup(number)) as twin:
                twin.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
