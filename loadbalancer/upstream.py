"""Connections to nodes, and the pool that keeps unused ones open. An edge: sockets, no decisions.

A connection carries one exchange at a time and reports to it what arrives and when it ends. Whether a failed exchange
may be repeated is `policy`'s business; whether bytes were written, and whether the connection had been used before, is
known here.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Protocol, cast

from loadbalancer.head import Limits, Refused
from loadbalancer.parser import ResponseParser
from shared.settings import Upstream

_WRITE_HIGH = 256 * 1024
"""Bytes written to a node and not yet taken by it, above which its client is not read any more."""


class Rider(Protocol):
    """What a connection carries: an exchange."""

    def upstream_received(self) -> None: ...

    def upstream_tunnelled(self, data: bytes) -> None: ...

    def upstream_broken(self, refused: Refused) -> None: ...

    def upstream_lost(self) -> None: ...

    def upstream_writable(self, writable: bool) -> None: ...


class UpstreamConnection(asyncio.Protocol):
    """One connection to a node. `uses` counts the exchanges it has carried, the present one included."""

    __slots__ = (
        "_closed",
        "_limit",
        "_paused",
        "_pool",
        "_rider",
        "_transport",
        "idle_since",
        "parser",
        "tunnel",
        "uses",
    )

    def __init__(self, pool: "Pool", limits: Limits) -> None:
        self.parser = ResponseParser(limits)
        self.uses = 0
        self.idle_since = 0.0
        self.tunnel = False
        self._pool = pool
        self._rider: Rider | None = None
        self._transport: asyncio.Transport | None = None
        self._paused = False
        self._closed = False
        self._limit: asyncio.TimerHandle | None = None

    @property
    def closed(self) -> bool:
        return self._closed

    def carry(self, rider: Rider, *, to_head: bool) -> None:
        """From now on everything that arrives belongs to this rider."""
        self._rider = rider
        self.uses += 1
        self.parser.expect(to_head=to_head)

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def pause_reading(self) -> None:
        if self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and self._paused:
            self._paused = False
            self._transport.resume_reading()

    def release(self, now: float) -> None:
        """The exchange is over and left the connection clean: back to the pool, and listening for the node's end."""
        self._rider = None
        if self._paused:
            self.resume_reading()
        self.idle_since = now
        self._pool.put(self)

    def abort(self) -> None:
        """The exchange is over and this connection with it."""
        self._rider = None
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def close(self, *, within_s: float) -> None:
        """Like `abort`, but what was written is still sent if the node takes it in that time: the end of a tunnel."""
        self._rider = None
        self._closed = True
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._limit = asyncio.get_running_loop().call_later(within_s, self._transport.abort)
            self._transport.close()

    def is_stale(self) -> bool:
        """Has the node closed or spoken while nobody listened? A system call; asked where no retry is allowed."""
        if self._closed or self._transport is None:
            return True
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not inherit from it
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)
        if self._closed:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        rider = self._rider
        if rider is None:  # a node has nothing to say when nobody asked; what it means cannot be known
            self._pool.drop(self)
            return
        if self.tunnel:
            rider.upstream_tunnelled(data)
            return
        try:
            self.parser.feed(data)
        except Refused as refused:
            rider.upstream_broken(refused)
            return
        rider.upstream_received()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._closed = True
        if self._limit is not None:
            self._limit.cancel()
        rider, self._rider = self._rider, None
        if rider is None:
            self._pool.forget(self)
        elif self.parser.head is not None and not self.parser.complete and error is None and self.parser.end():
            rider.upstream_received()
        else:
            rider.upstream_lost()

    def pause_writing(self) -> None:
        if self._rider is not None:
            self._rider.upstream_writable(False)

    def resume_writing(self) -> None:
        if self._rider is not None:
            self._rider.upstream_writable(True)


class Pool:
    """Unused connections to one node, the freshest on top, so that what a peak opened ages at the bottom and closes."""

    def __init__(self, upstream: Upstream, limits: Limits, *, idle_max: int, idle_s: float) -> None:
        self._upstream = upstream
        self._limits = limits
        self._idle_max = idle_max
        self._idle_s = idle_s
        self._idle: list[UpstreamConnection] = []
        self._connecting: set[asyncio.Task[None]] = set()

    def take(self, *, sure: bool) -> UpstreamConnection | None:
        """An open connection, or None. `sure`: look whether the node has closed it, because a retry is not allowed."""
        while self._idle:
            connection = self._idle.pop()
            if sure and connection.is_stale():
                connection.abort()
            elif not connection.closed:
                return connection
        return None

    def put(self, connection: UpstreamConnection) -> None:
        if connection.closed or len(self._idle) >= self._idle_max:
            connection.abort()
        else:
            self._idle.append(connection)

    def drop(self, connection: UpstreamConnection) -> None:
        self.forget(connection)
        connection.abort()

    def forget(self, connection: UpstreamConnection) -> None:
        if connection in self._idle:
            self._idle.remove(connection)

    def trim(self, now: float) -> None:
        """Closes what has not been used for longer than the limit."""
        fresh = [one for one in self._idle if now - one.idle_since < self._idle_s]
        for connection in set(self._idle).difference(fresh):
            connection.abort()
        self._idle = fresh

    def clear(self) -> None:
        """Closes every unused connection."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.abort()

    def close(self) -> None:
        """The node is gone for good: what comes back from running requests is closed too."""
        self._idle_max = 0
        self.clear()

    def connect(
        self,
        timeout_s: float,
        done: Callable[[UpstreamConnection], None],
        failed: Callable[[OSError], None],
    ) -> asyncio.Task[None]:
        """Opens a connection; calls exactly one of the two unless the task is cancelled."""

        async def open_one() -> None:
            loop = asyncio.get_running_loop()
            host, port = self._upstream.host, self._upstream.port
            connection = UpstreamConnection(self, self._limits)
            try:
                async with asyncio.timeout(timeout_s):
                    await loop.create_connection(lambda: connection, host, port)
            except OSError as error:  # TimeoutError is one
                connection.abort()
                failed(error)
                return
            except asyncio.CancelledError:  # at the very moment it opened: nobody else would close it
                connection.abort()
                raise
            done(connection)

        task = asyncio.get_running_loop().create_task(open_one())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)
        return task
