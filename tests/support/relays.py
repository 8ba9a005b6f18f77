"""Links inside the test's own event loop, and somebody to talk to at both of their ends."""

import asyncio
import functools
import inspect
from contextlib import asynccontextmanager

import uvloop

from compose.cluster.links.link import Link
from compose.cluster.links.settings import LinkSettings
from tests.support.eventually import eventually

LOOPBACK = "127.0.0.1"


def on_uvloop(test):
    """Runs a test on the loop the relay runs on, which differs from the plain one in when it reads. A test that asks
    for `target` gets a peer that listens, one that asks for `link` an open link to it."""

    @functools.wraps(test)
    def run(**given):
        async def with_both():
            async with peer() as target, open_link(target.port) as link:
                ours = {"link": link, "target": target}
                await test(**given, **{name: ours[name] for name in ours if name in parameters})

        uvloop.run(with_both())

    parameters = inspect.signature(test).parameters
    asked = [parameter for name, parameter in parameters.items() if name not in ("link", "target")]
    run.__signature__ = inspect.Signature(asked)
    return run


class Peer:
    """A server that leaves every connection it gets to the test, by the address it came from."""

    def __init__(self):
        self.connections = {}
        self.port = 0
        self._server = None

    async def listen(self):
        self._server = await asyncio.start_server(self._take, LOOPBACK, self.port, limit=2**16)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop_listening(self):
        self._server.close()
        await asyncio.sleep(0.01)

    async def close(self):
        await self.stop_listening()
        writers = [writer for _, writer in self.connections.values()]
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)

    async def _take(self, reader, writer):
        self.connections[writer.get_extra_info("peername")] = (reader, writer)


@asynccontextmanager
async def peer():
    """A peer that listens."""
    peer = Peer()
    await peer.listen()
    try:
        yield peer
    finally:
        await peer.close()


@asynccontextmanager
async def open_link(port, *, name="a->b", redis=False, watched=False, wait=True):
    """A link to that port; open when the block begins, unless `wait` is false."""
    settings = LinkSettings(name=name, port=0, target_host=LOOPBACK, target_port=port, redis=redis, watched=watched)
    link = Link(settings, host=LOOPBACK)
    task = asyncio.create_task(link.run())
    try:
        if wait:
            await asyncio.wait_for(link.opened.wait(), 5)
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def other_end(link, peer, writer):
    """The peer's reader and writer of the connection through the link that has this writer at our end."""
    ours = writer.get_extra_info("sockname")

    def found():
        for connection in link.connections:
            near, far = connection.out.source, connection.out.sink
            if near is not None and far is not None and near.get_extra_info("peername") == ours:
                return peer.connections.get(far.get_extra_info("sockname"))
        return None

    return await eventually(found)


@asynccontextmanager
async def dialled(link, peer):
    """A connection through the link: our end and the peer's end, each reader and writer."""
    ours = await asyncio.open_connection(LOOPBACK, link.port)
    theirs = await other_end(link, peer, ours[1])
    try:
        yield ours, theirs
    finally:
        for _, writer in (ours, theirs):
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in (ours, theirs)), return_exceptions=True)


async def gets(reader, size, *, within_s=5.0):
    """Exactly that many bytes."""
    return await asyncio.wait_for(reader.readexactly(size), within_s)


async def gets_nothing(reader, *, for_s=0.1):
    """Nothing arrives, not even an end, for that long."""
    try:
        said = await asyncio.wait_for(reader.read(1), for_s)
    except TimeoutError:
        return True
    raise AssertionError(f"{said!r} arrived")
