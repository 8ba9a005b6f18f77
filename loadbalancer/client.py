"""A client's connection: requests in, one exchange at a time, answers out in order. An edge, with its deadlines.

Requests that arrive while one is being answered wait in the parser, and the socket is not read meanwhile, so pipelining
costs a client its own patience and us nothing. After a refusal the connection lingers: it says its last word, then
swallows what the client still sends, because closing at once would destroy that word on its way (RFC 9112 9.6).
"""

import asyncio
from enum import Enum, auto
from typing import cast

from loadbalancer.answers import own_answer
from loadbalancer.datapath import DataPath
from loadbalancer.exchange import Exchange
from loadbalancer.forwarding import Origin
from loadbalancer.head import Refused
from loadbalancer.parser import IncomingRequest, RequestParser
from shared.contract import BalancerError

_WRITE_HIGH = 256 * 1024
"""Bytes written to a client and not yet taken by it, above which its node is not read any more."""
_HELD_MAX = 64 * 1024
"""Bytes a client may send ahead of an upgrade that is not granted yet."""
_LINGER_S = 2.0


class _Phase(Enum):
    IDLE = auto()  # between two requests
    HEAD = auto()  # a head has begun to arrive
    BUSY = auto()  # an exchange runs
    TUNNEL = auto()
    LINGERING = auto()
    CLOSED = auto()


IDLE, HEAD, BUSY, TUNNEL, LINGERING, CLOSED = _Phase


class Connections(set["ClientConnection"]):
    """All client connections; `app` sweeps them for deadlines and waits for the last one when it stops."""

    def __init__(self) -> None:
        super().__init__()
        self._last_left = asyncio.Event()

    def left(self, connection: "ClientConnection") -> None:
        self.discard(connection)
        if not self:
            self._last_left.set()

    async def wait_empty(self) -> None:
        while self:
            self._last_left.clear()
            await self._last_left.wait()


class ClientConnection(asyncio.Protocol):
    """One client connection."""

    __slots__ = (
        "_connections",
        "_exchange",
        "_loop",
        "_parser",
        "_path",
        "_phase",
        "_reading_paused",
        "_transport",
        "_writing_paused",
        "deadline",
        "forwarded",
        "origin",
    )

    def __init__(
        self, path: DataPath, connections: Connections, loop: asyncio.AbstractEventLoop, *, proto: str
    ) -> None:
        self.origin = Origin("", proto, 0)
        self.forwarded = b""
        self.deadline = 0.0
        self._path = path
        self._connections = connections
        self._loop = loop
        self._parser = RequestParser(path.limits)
        self._phase = IDLE
        self._exchange: Exchange | None = None
        self._transport: asyncio.Transport
        self._reading_paused = False
        self._writing_paused = False

    # What the socket reports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not inherit from it
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)
        peer = transport.get_extra_info("peername") or ("", 0)
        here = transport.get_extra_info("sockname") or ("", 0)
        self.origin = Origin(str(peer[0]), self.origin.proto, int(here[1]))
        self.forwarded = self.origin.lines()
        self._connections.add(self)
        self._phase = HEAD
        self.deadline = self._loop.time() + self._path.settings.head_timeout_s
        if len(self._connections) > self._path.settings.max_connections:
            self._say_last_word(503, BalancerError.NO_NODE, "too many connections; try again in a moment")

    def data_received(self, data: bytes) -> None:
        phase = self._phase
        if phase is TUNNEL:
            assert self._exchange is not None
            self._exchange.client_tunnelled(data)
            return
        if phase is LINGERING or phase is CLOSED:
            return
        parser = self._parser
        parser.feed(data)
        if self._exchange is None:
            self._next()
            return
        if len(parser.messages) > 1 or parser.over or parser.in_head or len(parser.remainder) > _HELD_MAX:
            self.pause_reading()
        self._exchange.client_progress()

    def eof_received(self) -> bool:
        """A client that ends its half is gone, unless what it sent is no whole request: then it is told so."""
        if self._phase is HEAD and self._parser.in_head:
            self._say_last_word(400, BalancerError.REFUSED, "the request is not complete")
            return True
        messages = self._parser.messages
        if self._exchange is not None and messages and isinstance(messages[0], IncomingRequest):
            request = messages[0]
            if not request.complete and self._phase is BUSY:
                request.refusal = Refused(400, "the request is not complete")
                self._exchange.client_progress()
                return self._is_lingering
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._phase = CLOSED
        self._connections.left(self)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.client_gone()

    def pause_writing(self) -> None:
        self._writing_paused = True
        if self._exchange is not None:
            self._exchange.client_writable(False)

    def resume_writing(self) -> None:
        self._writing_paused = False
        if self._exchange is not None:
            self._exchange.client_writable(True)
        elif self._phase is IDLE:
            self._next()
        elif self._phase is LINGERING:
            self.deadline = self._loop.time() + _LINGER_S

    # What the exchange asks for

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._reading_paused and len(self._parser.messages) <= 1:
            self._reading_paused = False
            self._transport.resume_reading()

    def exchange_over(self, *, keep_alive: bool) -> None:
        request = self._parser.messages.popleft()
        self._exchange = None
        if not keep_alive or self._path.stopping:
            heard = isinstance(request, IncomingRequest) and request.complete and not self._parser.over
            if heard and not self._reading_paused:
                self._close()
            else:  # closing with anything unread, or still to come, would destroy the answer on its way
                self._linger()
            return
        self._phase = IDLE
        self.deadline = self._loop.time() + self._path.keep_alive_s
        self._parser.resume()
        if self._parser.messages:
            self._loop.call_soon(self._next)
        elif self._reading_paused or self._parser.in_head:
            self._begin_waiting_for_head()

    def tunnel_opened(self) -> bytes:
        self._phase = TUNNEL
        held, self._parser.remainder = self._parser.remainder, b""
        self.resume_reading()
        return held

    def abort(self) -> None:
        self._exchange = None
        self._phase = CLOSED
        self._transport.abort()

    # What the process asks for

    def sweep(self) -> None:
        """The deadline has passed."""
        if self._exchange is not None:
            self._exchange.expired()
        elif self._phase is HEAD and self._parser.in_head:
            self._say_last_word(408, BalancerError.SLOW_CLIENT, "the request's head did not arrive in time")
        elif self._phase is LINGERING or self._phase is CLOSED:
            self._transport.abort()
        else:
            self._close()

    def break_off(self) -> None:
        """The process ends now: whatever runs here is over."""
        self._transport.abort()

    def stop(self) -> None:
        """The process ends: an idle connection closes now, a busy one after its answer."""
        if self._exchange is None and self._phase is not LINGERING:
            self._close()

    # Between requests

    def _next(self) -> None:
        if self._exchange is not None or self._phase is CLOSED or self._phase is LINGERING:
            return
        if self._writing_paused:  # who does not take the answers it has gets no further ones, and is not heard
            self._phase = IDLE
            self.deadline = self._loop.time() + self._path.settings.idle_timeout_s
            self.pause_reading()
            return
        messages = self._parser.messages
        if not messages:
            self._begin_waiting_for_head()
            return
        message = messages[0]
        if isinstance(message, IncomingRequest) and message.refusal is None:
            self._phase = BUSY
            self._exchange = Exchange(self._path, self, message, self._loop)
            self._exchange.start()
            return
        refused = message if isinstance(message, Refused) else message.refusal
        assert refused is not None
        self._say_last_word(refused.status, BalancerError.REFUSED, str(refused))

    def _begin_waiting_for_head(self) -> None:
        """The limit runs from a head's first byte and is not extended by its later ones."""
        if self._phase is IDLE and self._parser.in_head:
            self._phase = HEAD
            self.deadline = self._loop.time() + self._path.settings.head_timeout_s
        self.resume_reading()

    def _say_last_word(self, status: int, error: BalancerError, text: str) -> None:
        self._path.journal.errors[error] += 1
        self._transport.write(own_answer(status, error, text))
        self._linger()

    def _linger(self) -> None:
        if self._transport.is_closing() or not self._transport.can_write_eof():
            self._close()
            return
        self._phase = LINGERING
        self._transport.set_write_buffer_limits(high=0)  # calls `resume_writing` once the last word is taken
        limit_s = self._path.settings.idle_timeout_s if self._writing_paused else _LINGER_S
        self.deadline = self._loop.time() + limit_s
        self._transport.write_eof()
        if self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    @property
    def _is_lingering(self) -> bool:
        return self._phase is LINGERING

    def _close(self) -> None:
        """Closes once everything written is taken, and for that the client has as long as between two pieces."""
        self._phase = CLOSED
        self.deadline = self._loop.time() + self._path.settings.idle_timeout_s
        self._transport.close()
