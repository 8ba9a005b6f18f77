"""The client of the load: what it makes of a server that answers, closes, breaks off or says nothing."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from tests.support.kept_connection import KeptConnection, NoAnswer, header_of, status_of

REQUEST = b"GET / HTTP/1.1\r\n\r\n"
ANSWER = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nX-Why: because\r\n\r\n"


@asynccontextmanager
async def server(*answers):
    """One answer a request, in pieces where it is a list; None breaks the connection. Yields a connection to it, and
    the list of connections that were made."""
    left, made = list(answers), []

    async def serve(reader, writer):
        made.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n") and (answer := left.pop(0)) is not None:
                for piece in answer if isinstance(answer, list) else [answer]:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    connection = KeptConnection(*listening.sockets[0].getsockname())
    async with listening:
        yield connection, made
        connection.close()
        await asyncio.gather(*made)


async def test_answers_on_one_connection_whole_or_in_pieces():
    """Status and headers can be read from the head."""
    async with server(ANSWER + b"body", [ANSWER[:20], ANSWER[20:] + b"bo", b"dy"]) as (connection, made):
        for _ in range(2):
            head = await connection.ask(REQUEST, within_s=5)
            assert (status_of(head), header_of(head, "X-Why"), header_of(head, "X-Not")) == (401, "because", None)
        assert len(made) == 1


async def test_a_broken_connection_is_no_answer_and_the_next_one_is_new():
    """So is one that the server wants closed."""
    closing = ANSWER.replace(b"X-Why", b"Connection: close\r\nX-Why")
    async with server(None, closing + b"body", ANSWER + b"body") as (connection, made):
        with pytest.raises(NoAnswer):
            await connection.ask(REQUEST, within_s=5)
        for _ in range(2):
            assert status_of(await connection.ask(REQUEST, within_s=5)) == 401
        assert len(made) == 3


async def test_silence_is_no_answer():
    """And a late answer is never taken for that to another request."""
    async with server([], ANSWER + b"body") as (connection, made):
        with pytest.raises(NoAnswer):
            await connection.ask(REQUEST, within_s=0.05)
        await connection.ask(REQUEST, within_s=5)
        assert len(made) == 2
