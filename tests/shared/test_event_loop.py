"""The event loop of our programs, where a connection is begun by the name of a host."""

import asyncio
import gc
import socket
import ssl

import pytest
import trustme

from shared.event_loop import EventLoop
from shared.serving import run_program

UNKNOWN = ".".join(["a" * 63] * 4)
"""Too long for any name server to be asked, so the lookup fails at once, and on its own thread all the same."""


def in_a_program(work):
    """What the work returns, and what the loop had to say of it."""
    said, came = [], []

    async def main(_stop):
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context["message"]))
        came.append(await work(asyncio.get_running_loop()))
        gc.collect()

    assert run_program(main) == 0
    return came[0], said


def test_a_connection_that_is_given_up_during_its_lookup_leaves_nothing_behind():
    """Not a failure either that nobody is there to hear of."""

    async def give_up(loop):
        connecting = loop.create_task(loop.create_connection(asyncio.Protocol, UNKNOWN, 1))
        loop.call_soon(connecting.cancel)
        await asyncio.wait({connecting})
        for _ in range(20):  # later lookups are over later
            with pytest.raises(socket.gaierror):
                await loop.getaddrinfo(UNKNOWN, 1)
        return connecting.cancelled()

    assert in_a_program(give_up) == (True, [])


def test_a_name_that_there_is_not_is_told():
    async def connect(loop):
        with pytest.raises(socket.gaierror):
            await loop.create_connection(asyncio.Protocol, UNKNOWN, 1)

    assert in_a_program(connect) == (None, [])


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_is_to_the_host_it_names(authority, host, secure):
    """A certificate is for the name, not for the address that was found."""
    at_server, at_client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert(host).configure_cert(at_server)
    authority.configure_trust(at_client)

    async def connect(loop):
        server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=at_server if secure else None)
        async with server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection(host, port, ssl=at_client if secure else None)
            said = await reader.read()
            writer.close()
            return said

    assert in_a_program(connect) == (b"hello", [])


async def greet(_reader, writer):
    writer.write(b"hello")
    writer.close()


@pytest.fixture
def two_addresses(monkeypatch):
    """Every name has them. On the first of them nobody listens."""

    async def look_up(_loop, _host, port, **_wanted):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.2", "127.0.0.1")]

    monkeypatch.setattr(EventLoop, "getaddrinfo", look_up)


def test_of_several_addresses_the_first_that_takes_it_is_connected_to(two_addresses):
    async def connect(loop):
        async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection("twice", server.sockets[0].getsockname()[1])
            said = await reader.read()
            writer.close()
            return said

    assert in_a_program(connect) == (b"hello", [])


def test_where_nobody_listens_the_connection_is_refused(two_addresses):
    """As one error, however many addresses the name has."""

    async def connect(loop):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            with pytest.raises(ConnectionRefusedError):
                await loop.create_connection(asyncio.Protocol, "twice", taken.getsockname()[1])

    assert in_a_program(connect) == (None, [])
