"""One kept-alive connection of a client that asks again and again, at a fifth of what aiohttp's client costs.

For load against our own nodes: one request at a time, answers with a Content-Length. Real HTTP clients are tested
elsewhere.
"""

import asyncio
import re

_LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nConnection: close", re.IGNORECASE)
_END = b"\r\n\r\n"


class NoAnswer(Exception):
    """The connection could not be had, broke, or nothing came in time."""


class KeptConnection:
    """Opened when it is needed, and again after it broke."""

    def __init__(self, host, port):
        self._address = host, port
        self._wire = None

    async def ask(self, request, *, within_s):
        """The head of the answer, status line first. Raises NoAnswer, and then the connection is closed."""
        head = None
        try:
            async with asyncio.timeout(within_s):
                if self._wire is None or self._wire.transport.is_closing():
                    _, self._wire = await asyncio.get_running_loop().create_connection(_Wire, *self._address)
                head = await self._wire.exchange(request)
        except (OSError, TimeoutError) as error:
            raise NoAnswer(str(error) or "it took too long") from error
        finally:
            if head is None or _CLOSES.search(head):
                self.close()
        return head

    def close(self):
        if self._wire is not None:
            self._wire.transport.abort()
            self._wire = None


class _Wire(asyncio.Protocol):
    """One TCP connection, with at most one request under way."""

    def __init__(self):
        self.transport = None
        self._received = b""
        self._answer = None

    def exchange(self, request):
        self._received, self._answer = b"", asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self._received += data
        head, end, body = self._received.partition(_END)
        if not end or self._answer is None or self._answer.done():
            return
        length = _LENGTH.search(head)
        if length is None:
            self._answer.set_exception(ConnectionError("an answer without a length"))
        elif len(body) >= int(length[1]):
            self._answer.set_result(head)

    def connection_lost(self, error):
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(str(error or "closed by the node")))


def header_of(head, name):
    """The value of a header in the head of an answer, or None; `name` as the node writes it."""
    _, found, rest = head.partition(b"\r\n" + name.encode() + b": ")
    return rest.partition(b"\r\n")[0].decode() if found else None


def status_of(head):
    return int(head[9:12])
