"""From bytes to messages: llhttp's callbacks collected into requests and answers. Pure; no socket, no clock.

A segment that is one plain message (`plain_head`) never gets as far as llhttp, which stands between two messages then.

Nothing is acted upon while llhttp runs. `feed` collects what one segment contains and returns; only then does its
caller look. Otherwise a head would go out before the same segment's bad chunk size is seen, and a smuggled request
with it (reference: load-balancer.md 1.4).

Owned by one connection each: `RequestParser` by `client`, `ResponseParser` by `upstream`.
"""

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
"""Chunk sizes, extensions and trailers may take this much, and this much per byte of body: one-byte chunks need 5."""


def _head_size(first: bytes, fields: list[tuple[bytes, bytes]]) -> int:
    """What counts against the limit: the target or reason and the fields, however many segments they came in."""
    return len(first) + sum(len(name) + len(value) + 4 for name, value in fields)


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
        "_current",
        "_fields",
        "_head_bytes",
        "_head_is_new",
        "_limits",
        "_llhttp",
        "_overhead",
        "_refused",
        "_segment",
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
        self._head_bytes = 0
        self._head_is_new = False
        self._segment = 0
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
            self._between = False
        self._segment = len(data)
        body_before = self._current.received if self._current else 0
        try:
            self._llhttp.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            self._refuse(self._refused or Refused(400, str(error) or "this is not HTTP/1.1"))
            return
        if self._current is not None and self._current.head.framing is CHUNKED:
            self._count_overhead(len(data) - (self._current.received - body_before))
        elif self.in_head:
            # Of the segment in which a head begins we do not know which part is head: a head that ends is measured at
            # its end, and one that does not is bounded by the limit beyond one read.
            self._head_bytes = 0 if self._head_is_new else self._head_bytes + len(data)
            self._head_is_new = False
            if self._head_bytes > self._limits.head_bytes:
                self._refuse(self._too_large())

    def resume(self) -> None:
        """An upgrade was not granted: the connection goes on with HTTP, beginning with what was held back."""
        held, self.remainder = self.remainder, b""
        self._upgrading = False
        self._llhttp = httptools.HttpRequestParser(self)
        if held:
            self.feed(held)

    def on_message_begin(self) -> None:
        self._between = False
        self.in_head = self._head_is_new = True
        self._head_bytes = 0
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
        if (self._segment > limits.head_bytes or not self._head_is_new) and (
            _head_size(self._target, fields) > limits.head_bytes
        ):
            self._fail(self._too_large())
        llhttp = self._llhttp
        try:
            head = read_request(llhttp.get_method(), self._target, llhttp.get_http_version(), fields)
        except Refused as refused:
            self._fail(refused)
        self.in_head = False
        self._overhead = self._trailers = 0
        self._current = IncomingRequest(head)
        self.messages.append(self._current)

    def on_body(self, data: bytes) -> None:
        current = self._current
        assert current is not None
        current.pieces.append(data)
        current.received += len(data)

    def on_message_complete(self) -> None:
        current = self._current
        assert current is not None
        current.complete = True
        self._current = None
        self._between = current.head.keep_alive

    def _after_upgrade(self, rest: bytes) -> None:
        """llhttp stops at every upgrade. Ours go on as a tunnel if the node agrees; others are plain requests."""
        last = self.messages[-1] if self.messages else None
        self.remainder = rest
        self._upgrading = True
        if not (isinstance(last, IncomingRequest) and last.head.websocket):
            self.resume()

    def _count_overhead(self, by: int) -> None:
        assert self._current is not None
        self._overhead += by
        if self._overhead > _CHUNK_OVERHEAD + _CHUNK_OVERHEAD_PER_BYTE * self._current.received:
            self._refuse(Refused(400, "chunk extensions or trailers out of all proportion to the body"))

    def _too_large(self) -> Refused:
        return Refused(400, f"the request head is larger than {self._limits.head_bytes} bytes")

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
        "_head_is_new",
        "_limits",
        "_llhttp",
        "_reason",
        "_segment",
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
        self._head_bytes = 0
        self._head_is_new = False
        self._segment = 0
        self._llhttp = httptools.HttpResponseParser(self)

    def expect(self, *, to_head: bool) -> None:
        """The next answer belongs to a new request; `to_head` when that is a HEAD, whose answer has no body."""
        self.head = None
        self.complete = False
        self._begun = False
        self._to_head = to_head

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
        self._segment = len(data)
        try:
            self._llhttp.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.remainder = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            if not self.complete:
                cause = error.__context__
                raise cause if isinstance(cause, Refused) else Refused(502, str(error)) from error
            self.surplus = True
        if self.head is None:
            self._head_bytes = 0 if self._head_is_new else self._head_bytes + len(data)
            self._head_is_new = False
            if self._head_bytes > self._limits.head_bytes:
                raise self._too_large()
        elif self._to_head:
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
        self._head_is_new = True

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
        if (self._segment > limits.head_bytes or not self._head_is_new) and (
            _head_size(self._reason, fields) > limits.head_bytes
        ):
            raise self._too_large()
        llhttp = self._llhttp
        head = read_response(
            llhttp.get_status_code(), self._reason, llhttp.get_http_version(), fields, to_head=self._to_head
        )
        if head.status < 200 and head.status != 101:
            self.interim.append(head)
            return
        self.head = head
        self.complete = self._to_head

    def on_body(self, data: bytes) -> None:
        if self.complete:
            self.surplus = True
        else:
            self.pieces.append(data)

    def on_message_complete(self) -> None:
        if self.head is not None:
            self.complete = True

    def _too_large(self) -> Refused:
        return Refused(502, f"the head of the node's answer is larger than {self._limits.head_bytes} bytes")
