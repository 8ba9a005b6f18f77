"""What a client's connection does in orders of events that a real socket shows too seldom. No exchange runs here."""

import asyncio
import socket

import pytest

from loadbalancer.app import Balancer
from loadbalancer.client import ClientConnection
from tests.support.balancers import read_to_end, settings_of
from tests.support.eventually import eventually
from tests.support.wires import Wire

FIRST, SECOND = (b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in (1, 2))


@pytest.fixture
def begun(monkeypatch):
    """The targets of the requests for which an exchange has begun; none ends before the test says so."""
    targets = []

    class Begun:
        def __init__(self, path, client, request, loop):
            targets.append(request.head.target)

        def start(self):
            pass

        def client_progress(self):
            pass

        def client_writable(self, writable):
            pass

    monkeypatch.setattr("loadbalancer.client.Exchange", Begun)
    return targets


def new_client(**changes):
    balancer = Balancer(settings_of([], **changes))
    return ClientConnection(balancer.path, balancer.connections, asyncio.get_running_loop(), proto="http")


def connected():
    client, wire = new_client(), Wire()
    client.connection_made(wire)
    return client, wire


@pytest.mark.parametrize("early", [0, 18, len(SECOND)])
async def test_who_takes_no_answers_is_not_read_and_served_once_it_does(early, begun):
    """The next request waits, however much of it came in time, and nothing is read behind it."""
    client, wire = connected()
    client.data_received(FIRST + SECOND[:early])
    client.pause_writing()
    client.exchange_over(keep_alive=True)
    if early < len(SECOND):
        client.data_received(SECOND[early:])
    await asyncio.sleep(0)  # what was left for the next turn of the loop
    assert (begun, wire.is_read) == ([b"/1"], False)

    client.resume_writing()
    assert begun == [b"/1", b"/2"]
    client.exchange_over(keep_alive=True)
    assert wire.is_read


async def test_a_refusal_is_said_once(begun):
    """Also when more arrives between the end of the answer before it and the turn that was to refuse."""
    problems = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    client, wire = connected()
    client.data_received(FIRST + b"NONSENSE\r\n\r\n")
    client.exchange_over(keep_alive=True)
    client.data_received(b"more")
    await asyncio.sleep(0)
    assert wire.written.startswith(b"HTTP/1.1 400 ")
    assert problems == []


async def test_an_answer_that_came_early_may_be_taken_slowly(begun):
    """The short time for what the client still sends begins once it has taken the last byte of its answer."""
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    loop = asyncio.get_running_loop()
    with theirs:
        transport, client = await loop.connect_accepted_socket(lambda: new_client(idle_timeout_s=1000.0), ours)
        theirs.sendall(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
        await eventually(lambda: begun)
        client.write(bytes(200_000))
        client.exchange_over(keep_alive=False)
        assert client.deadline > loop.time() + 500

        assert len(await asyncio.to_thread(read_to_end, theirs)) == 200_000
        assert client.deadline < loop.time() + 500
        transport.abort()
