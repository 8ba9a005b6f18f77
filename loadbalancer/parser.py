"""From bytes to messages: llhttp's callbacks collected into requests and answers. Pure; no socket, no clock.

A segment that is one plain message (`plain_head`) never gets as far as llhttp, which stands between two messages then.

Nothing is acted upon while llhttp runs. `feed` collects what one segment contains and returns; only then does its
caller look. Otherwise a head would go out before the same segment's bad chunk size is seen, and a smuggled request
with it (reference: load-balancer.md 1.4).

llhttp does not say where in a segment it stands, so it gets one part at a time: a head, bytes of a body, a line between
two chunks. What a part may measure is checked before llhttp reads it. So no limit depends on where bytes were cut, and
none refuses a request that is complete.

Owned by one connection each: `RequestParser` by `client`, `ResponseParser` by `upstream`.
"""

import re
from collections import deque

import httptools

from loadbalancer.head import (
    CHUNKED,
    UNTIL_CLOSE,
    Limits,
    Refused,
    RequestHead,
    ResponseHead,
    read_request,
    read_response,
)
from loadbalancer.plain_head import read_plain_answer, read_plain_request

_CHUNK_OVERHEAD = 64 * 1024
_CHUNK_OVERHEAD_PER_BYTE = 8
"""Chunk sizes, extensions and trailers may take this much, and this much per byte of body: one-byte chunks need 3.

What stands between the data of two chunks, and all trailers together, may each be as long as a head.
"""
_END_OF_HEAD = re.compile(rb"\r\n\r\n").search  # on a head faster than `find`


class _HeadBytes:
    """Finds where a head ends, and counts its bytes and the empty lines before it, whatever segments they came in."""

    __slots__ = ("_last", "count")

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """What comes next belongs to another head."""
        self.count = 0
        self._last = b""

    def end(self, data: bytes, at: int) -> int:
        """Where the head that goes on at `at` ends; the end of `data` when that is not yet."""
        before = self._last
        if before and (seam := _END_OF_HEAD(before + data[at : at + 3])):
            end = at - len(before) + seam.end()
            self._last = b""
        elif found := _END_OF_HEAD(data, at):
            end = found.end()
            self._last = b""
        else:
            end = len(data)
            self._last = (before + data[at:])[-3:]
        self.count += end - at
        return end


class IncomingRequest:
    """One request as far as it has arrived. `pieces` is body that nobody has taken yet."""

    __slots__ = ("complete", "head", "pieces", "received", "refusal")

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.pieces: list[bytes] = []
        self.received = 0
        self.complete = False
        self.refusal: Refused | None = None


class RequestParser:
    """A client's bytes in, requests out: `messages` holds requests, and last the refusal of what cannot be one."""

    __slots__ = (
        "_between",
        "_chunk_left",
        "_current",
        "_fields",
        "_head_bytes",
        "_limits",
        "_line",
        "_llhttp",
        "_overhead",
        "_refused",
        "_target",
        "_trailers",
        "_upgrading",
        "in_head",
        "messages",
        "remainder",
    )

    def __init__(self, limits: Limits) -> None:
        self.messages: deque[IncomingRequest | Refused] = deque()
        self.in_head = False
        self.remainder = b""
        self._limits = limits
        self._current: IncomingRequest | None = None
        self._fields: list[tuple[bytes, bytes]] = []
        self._target = b""
        self._head_bytes = _HeadBytes()
        self._chunk_left = 0
        self._line = b""  # what has come since the data of a chunk, or as trailers
        self._overhead = 0
        self._trailers = 0
        self._refused: Refused | None = None
        self._upgrading = False
        self._between = True
        self._llhttp = httptools.HttpRequestParser(self)

    @property
    def over(self) -> bool:
        """Something was refused: what follows on this connection means nothing."""
        return self._refused is not None

    def feed(self, data: bytes) -> None:
        """Takes the next bytes. Never raises for what a peer sent."""
        if self._refused is not None:
            return
        if self._upgrading:
            self.remainder += data
            return
        if self._between:
            head = read_plain_request(data, self._limits)
            if head is not None:
                request = IncomingRequest(head)
                request.complete = True
                self.messages.append(request)
                return
        view, at = memoryview(data), 0
        while at < len(data):
            end = self._end_of_part(data, at)
            if self._refused is not None:
                return
            self._between = False
            try:
                self._llhttp.feed_data(view[at:end])
            except httptools.HttpParserUpgrade:
                # llhttp stops at every upgrade. Ours go on as a tunnel if the node agrees; others are plain requests.
                last = self.messages[-1]
                if isinstance(last, IncomingRequest) and last.head.websocket:
                    self._upgrading = True
                    self.remainder = data[end:]
                    return
                self._llhttp = httptools.HttpRequestParser(self)
            except httptools.HttpParserError as error:
                self._refuse(self._refused or Refused(400, str(error) or "this is not HTTP/1.1"))
                return
            at = end

    def resume(self) -> None:
        """No upgrade was granted, if one was asked for: the connection goes on with HTTP and what was held back."""
        if not self._upgrading:
            return
        held, self.remainder = self.remainder, b""
        self._upgrading = False
        self._llhttp = httptools.HttpRequestParser(self)
        if held:
            self.feed(held)

    def on_message_begin(self) -> None:
        self.in_head = True
        self._target = b""
        self._fields = []

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._current is None:
            self._fields.append((name, value))
        else:
            self._trailers += 1
            if self._trailers > self._limits.fields:
                self._fail(Refused(400, "too many trailer fields"))

    def on_headers_complete(self) -> None:
        fields, limits = self._fields, self._limits
        if len(fields) > limits.fields:
            self._fail(Refused(400, f"more than {limits.fields} header fields"))
        llhttp = self._llhttp
        try:
            head = read_request(llhttp.get_method(), self._target, llhttp.get_http_version(), fields)
        except Refused as refused:
            self._fail(refused)
        self.in_head = False
        self._line = b""
        self._overhead = self._trailers = 0
        self._current = IncomingRequest(head)
        self.messages.append(self._current)

    def on_body(self, data: bytes) -> None:
        current = self._current
        assert current is not None
        current.pieces.append(data)
        current.received += len(data)

    def on_chunk_header(self) -> None:
        size = int(self._line.partition(b";")[0], 16)
        self._chunk_left = size + 2 if size else 0  # its data is followed by an end of line
        self._line = b""

    def on_message_complete(self) -> None:
        current = self._current
        assert current is not None
        current.complete = True
        current.head.keep_alive = current.head.keep_alive and self._llhttp.should_keep_alive()
        self._current = None
        self._head_bytes.begin()
        self._between = current.head.keep_alive

    def _end_of_part(self, data: bytes, at: int) -> int:
        """Where the part ends that begins or goes on at `at`. Refuses what measures more than it may."""
        current = self._current
        if current is None:
            end = self._head_bytes.end(data, at)
            if self._head_bytes.count > self._limits.head_bytes:
                self._refuse(Refused(400, f"the request head is larger than {self._limits.head_bytes} bytes"))
        elif self._chunk_left:
            end = min(at + self._chunk_left, len(data))
            self._chunk_left -= end - at
        elif current.head.framing is not CHUNKED:
            end = at + current.head.length - current.received
        else:
            end = data.find(b"\n", at) + 1 or len(data)
            self._line += data[at:end]
            self._overhead += end - at
            if (
                len(self._line) > self._limits.head_bytes
                or self._overhead > _CHUNK_OVERHEAD + _CHUNK_OVERHEAD_PER_BYTE * current.received
            ):
                self._refuse(Refused(400, "chunk extensions or trailers out of all proportion to the body"))
        return end

    def _fail(self, refused: Refused) -> None:
        """Stops llhttp from inside a callback; `feed` picks the reason up."""
        self._refused = refused
        raise refused

    def _refuse(self, refused: Refused) -> None:
        self._refused = refused
        if self._current is not None:
            self._current.refusal = refused
        else:
            self.messages.append(refused)


class ResponseParser:
    """A node's bytes in, one answer out at a time. Call `expect` before each."""

    __slots__ = (
        "_begun",
        "_fields",
        "_head_bytes",
        "_limits",
        "_llhttp",
        "_reason",
        "_to_head",
        "complete",
        "head",
        "interim",
        "pieces",
        "remainder",
        "surplus",
    )

    def __init__(self, limits: Limits) -> None:
        self.interim: list[ResponseHead] = []
        self.head: ResponseHead | None = None
        self.pieces: list[bytes] = []
        self.complete = False
        self.surplus = False
        self.remainder = b""
        self._limits = limits
        self._to_head = False
        self._begun = False
        self._fields: list[tuple[bytes, bytes]] = []
        self._reason = b""
        self._head_bytes = _HeadBytes()
        self._llhttp = httptools.HttpResponseParser(self)

    def expect(self, *, to_head: bool) -> None:
        """The next answer belongs to a new request; `to_head` when that is a HEAD, whose answer has no body."""
        self.head = None
        self.complete = False
        self._begun = False
        self._to_head = to_head
        self._head_bytes.begin()

    def feed(self, data: bytes) -> None:
        """Takes the next bytes. Raises Refused when the node does not speak HTTP/1.1."""
        if not self._begun:
            self._begun = True
            plain = None if self._to_head else read_plain_answer(data, self._limits)
            if plain is not None:
                self.head, body = plain
                self.complete = True
                if body:
                    self.pieces.append(body)
                return
        view, at = memoryview(data), 0
        try:
            while self.head is None and at < len(data):
                end = self._head_bytes.end(data, at)
                if self._head_bytes.count > self._limits.head_bytes:
                    raise Refused(502, f"the head of the node's answer is larger than {self._limits.head_bytes} bytes")
                self._llhttp.feed_data(view[at:end])
                at = end
            if at < len(data):
                self._llhttp.feed_data(view[at:])
        except httptools.HttpParserUpgrade as upgrade:
            self.remainder = data[at + upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if not self.complete:
                cause = error.__context__
                raise cause if isinstance(cause, Refused) else Refused(502, str(error)) from error
            self.surplus = True
        if self.head is not None and self._to_head:
            self._llhttp = httptools.HttpResponseParser(self)

    def take(self) -> list[bytes]:
        """The body bytes that nobody has taken yet."""
        pieces = self.pieces
        if pieces:
            self.pieces = []
        return pieces

    def end(self) -> bool:
        """The node closed. True when that is how this answer was meant to end."""
        if self.head is not None and self.head.framing is UNTIL_CLOSE:
            self.complete = True
        return self.complete

    def on_message_begin(self) -> None:
        self.surplus = self.complete
        self._reason = b""
        self._fields = []

    def on_status(self, part: bytes) -> None:
        self._reason += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:
            self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        fields, limits = self._fields, self._limits
        if len(fields) > limits.fields:
            raise Refused(502, "the node's answer has too many header fields")
        llhttp = self._llhttp
        head = read_response(
            llhttp.get_status_code(), self._reason, llhttp.get_http_version(), fields, to_head=self._to_head
        )
        if head.status < 200 and head.status != 101:
            self.interim.append(head)
            self._head_bytes.begin()
            # It ends with its head and says nothing about the connection, where llhttp would go by its fields.
            self._llhttp = httptools.HttpResponseParser(self)
            return
        self.head = head
        self.complete = self._to_head

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self.surplus = True
        else:
            self.pieces.append(data)

    def on_message_complete(self) -> None:
        head = self.head
        if head is not None:
            head.reusable = head.reusable and self._llhttp.should_keep_alive()
            self.complete = True
