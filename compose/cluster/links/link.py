"""One link: a port that is dialled instead of the target's, the connections through it, and the fault that is set.

A link is as open as its target. While nobody listens there the link does not listen either, because whoever dials it
must be refused as the target would refuse him: a balancer, for one, may send a request again only if it never got
through. So a link looks whether its target is there before it opens, and again whenever the target breaks a connection.
A link that is `watched` keeps the connection it looked with, and so hears of the target's end when nobody else would.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from compose.cluster.links.connection import Connection, Pipe
from compose.cluster.links.faults import NO_FAULT, Fault
from compose.cluster.links.settings import LinkSettings
from compose.cluster.links.stages import Stage
from shared.log import get_logger
from shared.serving import listen

log = get_logger()

LOOK_EVERY_S = 0.02
"""How often a link looks for a target that is not there (real time)."""
LOOK_LIMIT_S = 2.0
DIAL_LIMIT_S = 10.0
BACKLOG = 4096


class Link:
    """See the module. `run` serves it; `fault` and `heal` may be called at any time."""

    def __init__(self, settings: LinkSettings, *, host: str) -> None:
        self.settings = settings
        self.fault: Fault = NO_FAULT
        self.connections: set[Connection] = set()
        self.opened = asyncio.Event()
        self._host = host
        self._port = settings.port
        self._doubt = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._one_at_a_time = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._target_is_there = False
        self._accepted = 0
        self._bytes = {"out": 0, "in": 0}
        self._hits = 0
        self._dialling: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it is dialled; known once it has been open if the settings said 0."""
        return self._port

    async def run(self) -> None:
        """Opens and closes with the target until cancelled; then everything through it is broken off."""
        try:
            while True:
                self._doubt.clear()
                await self.look_again()
                if self._target_is_there:
                    await self._doubt.wait()
                else:
                    await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._target_is_there = False
            self._stop_watching()
            await self._open_or_close()
            for task in list(self._dialling):
                task.cancel()
            for connection in list(self.connections):
                connection.reset()

    async def look_again(self) -> None:
        """Looks whether the target is there, and is open or closed accordingly when this returns."""
        async with self._looking:
            self._target_is_there = await self._look()
            await self._open_or_close()

    async def target_gone(self) -> None:
        """Its owner says so, and need not be asked again: where a whole machine goes, nobody is left who refuses, and
        looking takes as long as being patient does. Whoever is just being connected is refused, too."""
        self._target_is_there = False
        self._stop_watching()
        await self._open_or_close()
        self._doubt.set()
        for task in list(self._dialling):
            task.cancel()

    async def set_fault(self, fault: Fault) -> None:
        """Replaces the fault there is. From the return on nothing passes unharmed, in connections old or new."""
        self._end_fault()
        self.fault = fault
        await self._open_or_close()
        for connection in list(self.connections):
            self._afflict(connection)
        log.info("fault set", link=self.settings.name, **fault.describe())

    async def heal(self) -> int:
        """Ends the fault; what it held goes on at once, whoever lost bytes to it is reset. Returns how often it hit."""
        hits = self.hits
        if self.fault is not NO_FAULT:
            self._end_fault()
            self._doubt.set()
            await self._open_or_close()
            log.info("fault healed", link=self.settings.name, hits=hits)
        return hits

    @property
    def hits(self) -> int:
        """What the present fault has done so far: connections, pieces or messages, as its kind has it."""
        return self._hits + sum(pipe.hits for pipe in self._pipes())

    def describe(self) -> dict[str, Any]:
        """As operators see it."""
        carried = {way: self._bytes[way] for way in ("out", "in")}
        for pipe in self._pipes():
            carried[pipe.way] += pipe.bytes
        return {
            "name": self.settings.name,
            "port": self.port,
            "open": self._server is not None,
            "connections": len(self.connections),
            "accepted": self._accepted,
            "bytes_out": carried["out"],
            "bytes_in": carried["in"],
            "fault": None if self.fault is NO_FAULT else self.fault.describe(),
            "hits": self.hits,
        }

    # --- what connections ask of their link

    def dial(self, connection: Connection) -> None:
        if self.fault.connects and not connection.dialled:
            connection.dialled = True
            task = asyncio.create_task(self._dial(connection))
            self._dialling.add(task)
            task.add_done_callback(self._dialling.discard)

    def broken_by_target(self) -> None:
        self._doubt.set()

    def forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.discard(connection)
            for pipe in connection.pipes:
                self._bytes[pipe.way] += pipe.bytes
                self._hits += pipe.hits

    # --- inside

    def _accept(self) -> asyncio.Protocol:
        self._accepted += 1
        connection = Connection(self, number=self._accepted, redis=self.settings.redis)
        self.connections.add(connection)
        if self.fault is not NO_FAULT:
            self._afflict(connection)
        return connection.accepted()

    async def _dial(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(DIAL_LIMIT_S):
                await self._connect(connection)
        except (OSError, TimeoutError):
            self._doubt.set()
            connection.reset()
        except asyncio.CancelledError:
            connection.reset()
            raise

    async def _connect(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(connection.reached, self.settings.target_host, self.settings.target_port)

    def _afflict(self, connection: Connection) -> None:
        self._hits += self.fault.begin(connection)

    def _end_fault(self) -> None:
        self.fault = NO_FAULT
        self._hits = 0
        for connection in list(self.connections):
            for pipe in connection.pipes:
                stage, pipe.stage = pipe.stage, Stage(pipe)
                stage.end()
                pipe.hits = 0
            if connection.doomed or any(pipe.lost for pipe in connection.pipes):
                connection.reset()
            else:
                self.dial(connection)

    async def _look(self) -> bool:
        """Does somebody listen at the target?"""
        try:
            async with asyncio.timeout(LOOK_LIMIT_S):
                reader, writer = await asyncio.open_connection(self.settings.target_host, self.settings.target_port)
        except (OSError, TimeoutError):
            return False
        self._stop_watching()
        if self.settings.watched:
            self._watch = asyncio.create_task(self._until_target_ends(reader, writer))
        else:
            await _close(writer)
        return True

    async def _until_target_ends(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                while await reader.read(1024):
                    pass  # a target that speaks first is there
            self._doubt.set()
        finally:
            await _close(writer)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _open_or_close(self) -> None:
        async with self._one_at_a_time:
            wanted = self._target_is_there and not self.fault.refuses
            if wanted and self._server is None:
                sock = listen(self._host, self._port, reuse_port=True)
                self._port = sock.getsockname()[1]
                loop = asyncio.get_running_loop()
                self._server = await loop.create_server(self._accept, sock=sock, backlog=BACKLOG)
                self.opened.set()
            elif not wanted and self._server is not None:
                server, self._server = self._server, None
                server.close()
                self.opened.clear()
                await asyncio.sleep(0)  # uvloop closes the socket in its next round

    def _pipes(self) -> Iterator[Pipe]:
        for connection in self.connections:
            yield from connection.pipes


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
