"""Heads in which nothing is out of the ordinary, read without llhttp: one look-up a line. Pure.

Nearly every head is a row of fields that just travel on. A line of it that was checked once is remembered with what
becomes of it, because clients and nodes repeat their lines for as long as they live; llhttp costs a callback and three
new objects for each of them, every time.

Nothing is ever refused here. What is not plain, be it wrong, rare, in pieces or with a body still to come, is None, and
then llhttp and `head` read the same bytes. So this may be stricter than they are, and must never be more lenient: the
fuzzer holds each plain head against what they make of it. Called by `parser` where a message begins.
"""

import re
from collections.abc import Callable

from loadbalancer.head import (
    CRLF,
    NO_BODY,
    REQUEST_FIELDS,
    RESPONSE_FIELDS,
    SIZED,
    Kind,
    Limits,
    RequestHead,
    ResponseHead,
    is_host,
)

_END = b"\r\n\r\n"
_REQUEST_LINE = re.compile(rb"(GET|HEAD) (/[!-\"$-~]*) HTTP/1\.1").fullmatch
_STATUS_LINE = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) [ -~]*").fullmatch
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([!-~](?:[ -~]*[!-~])?)").fullmatch
_SIZE = re.compile(rb"Content-Length: (?:0|[1-9][0-9]{0,8})", re.IGNORECASE).fullmatch
_REMEMBERED = 4096
_REMEMBERED_BYTES = 512
"""How many lines a table holds and how long each may be: together two megabytes."""

_PASS, _DROP, _HOST, _COOKIE, _LENGTH = map(int, (Kind.PASS, Kind.DROP, Kind.HOST, Kind.COOKIE, Kind.LENGTH))
_NOT_PLAIN = -1
# Plain numbers, because comparing members of an enum takes twice as long.
_HOST_AT, _COOKIE_AT, _LENGTH_AT = len(b"Host: "), len(b"Cookie: "), len(b"Content-Length: ")


class _Lines(dict[bytes, int]):
    """A line as it came -> what it is. Forgets everything when full: what is in use comes back with the next head."""

    def __init__(self, read: Callable[[bytes], int]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, line: bytes) -> int:
        kind = self._read(line)
        if len(line) <= _REMEMBERED_BYTES:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[line] = kind
        return kind


def _request_field(line: bytes) -> int:
    found = _FIELD(line)
    kind = int(REQUEST_FIELDS[found[1]][0]) if found else _NOT_PLAIN
    if kind == Kind.CONNECTION and line.lower() == b"connection: keep-alive":
        return _DROP  # what every browser says, and what 1.1 means anyway
    return kind if kind in (_PASS, _HOST, _COOKIE) else _NOT_PLAIN


def _answer_field(line: bytes) -> int:
    found = _FIELD(line)
    kind = int(RESPONSE_FIELDS[found[1]][0]) if found else _NOT_PLAIN
    return kind if kind == _PASS or (kind == _LENGTH and _SIZE(line)) else _NOT_PLAIN


def _status(line: bytes) -> int:
    found = _STATUS_LINE(line)
    status = int(found[1]) if found else _NOT_PLAIN
    return _NOT_PLAIN if status in (204, 304) else status


_REQUEST_LINES, _ANSWER_LINES, _STATUS_LINES = _Lines(_request_field), _Lines(_answer_field), _Lines(_status)


def read_plain_request(data: bytes, limits: Limits) -> RequestHead | None:
    """The request that these bytes are, if they are exactly one, plain and without a body."""
    if data[-4:] != _END or len(data) > limits.head_bytes:
        return None
    fields = data[:-4].split(CRLF)
    line = _REQUEST_LINE(fields.pop(0))
    if line is None or len(fields) > limits.fields:
        return None
    kinds = _REQUEST_LINES
    host = cookies = b""
    kept: list[bytes] = []
    for field in fields:
        kind = kinds[field]
        if kind == _PASS:
            kept.append(field)
        elif kind == _HOST and not host:
            host = field[_HOST_AT:]
        elif kind == _COOKIE and not cookies:
            cookies = field[_COOKIE_AT:]
        elif kind != _DROP:
            return None
    if not host or not is_host(host):
        return None
    if kept:
        kept.append(b"")
    method, target = line.groups()
    lines = [CRLF.join(kept)]
    return RequestHead(method, target, 1, host, lines, cookies, [], NO_BODY, 0, True, False, False)


def read_plain_answer(data: bytes, limits: Limits) -> tuple[ResponseHead, bytes] | None:
    """The answer that these bytes are, if they are exactly one, plain and whole; and its body. Not for HEAD."""
    end = data.find(_END, 0, limits.head_bytes)
    if end < 0:
        return None
    fields = data[:end].split(CRLF)
    first = fields.pop(0)
    status = _STATUS_LINES[first]
    if status == _NOT_PLAIN or len(fields) > limits.fields:
        return None
    kinds = _ANSWER_LINES
    length = -1
    for field in fields:
        kind = kinds[field]
        if kind == _LENGTH and length < 0:
            length = int(field[_LENGTH_AT:])
        elif kind != _PASS:
            return None
    if length != len(data) - end - 4:
        return None
    head = ResponseHead(status, first[13:], [], SIZED, length, True, False, verbatim=data[: end + 2])
    return head, data[end + 4 :]
