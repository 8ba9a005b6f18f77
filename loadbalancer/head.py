"""HTTP/1.1 heads: what a peer sent, checked, and the bytes the other side gets for it. Pure; no socket, no clock.

llhttp has already refused most malformed heads when these functions see one. What it leaves to us is here: the number
of Host fields, versions other than 1.0 and 1.1, the form of the target, `Transfer-Encoding` that is not exactly
`chunked` or stands in a 1.0 request, fields that `Connection` may not name, and everything that must not travel on
(RFC 9110 7.6.1). Body framing is never copied from one side to the other: it is read here and written anew.

Called by `parser` (reading) and `exchange` (rendering).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from functools import lru_cache

CRLF = b"\r\n"
IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
"""Methods that may be sent again when nobody knows whether they were executed (RFC 9110 9.2.2)."""

_ORIGIN_FORM = re.compile(rb"/[!-\"$-~]*").fullmatch
_ABSOLUTE_FORM = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?#]*)([/?][!-\"$-~]*)?").fullmatch
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%-]+)(?::[0-9]{0,5})?").fullmatch
_LENGTH = re.compile(rb"[0-9]{1,18}").fullmatch
_FIELDS_REMEMBERED = 512


class Refused(Exception):
    """A head that must not travel on. `status` is what its sender gets, the message says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what a peer may make us hold."""

    head_bytes: int = 32 * 1024
    fields: int = 100


class Framing(Enum):
    """How the end of a body is known."""

    NONE = auto()
    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


class Kind(IntEnum):
    """What becomes of a field. Whole numbers, because this is looked up for each field of each message."""

    PASS = 0
    DROP = auto()
    FORWARDING = auto()
    HOST = auto()
    LENGTH = auto()
    CODING = auto()
    CONNECTION = auto()
    UPGRADE = auto()
    COOKIE = auto()
    EXPECT = auto()


_PASS, _DROP, _FORWARDING, _HOST_FIELD, _LENGTH_FIELD, _CODING, _CONNECTION, _UPGRADE, _COOKIE, _EXPECT = Kind
NO_BODY, SIZED, CHUNKED, UNTIL_CLOSE = Framing
# Names of their own, because `Framing.NONE` costs as much as a function call in Python 3.11 (enum.property).

_NO_TOKENS: frozenset[bytes] = frozenset()
_NO_FIELDS: list[tuple[bytes, bytes]] = []
_HOP_BY_HOP: Mapping[bytes, Kind] = {
    b"connection": _CONNECTION,
    b"content-length": _LENGTH_FIELD,
    b"keep-alive": _DROP,
    b"proxy-connection": _DROP,
    b"te": _DROP,
    b"trailer": _DROP,
    b"transfer-encoding": _CODING,
    b"upgrade": _UPGRADE,
}
_MUST_NOT_BE_NAMED = frozenset(
    {b"host", b"cookie", b"authorization", b"content-length", b"content-type", b"set-cookie"}
)
"""End-to-end fields that a `Connection` field cannot turn into hop-by-hop ones; naming them is an attack."""


class Fields(dict[bytes, tuple[Kind, bytes]]):
    """Field name as spelled -> its kind and `name: `. Remembers a bounded number of spellings: one look-up."""

    def __init__(self, kinds: Mapping[bytes, Kind], prefixes: Mapping[bytes, Kind]) -> None:
        super().__init__()
        self._kinds = kinds
        self._prefixes = prefixes

    def __missing__(self, name: bytes) -> tuple[Kind, bytes]:
        lower = name.lower()
        kind = self._kinds.get(lower) or next(
            (kind for prefix, kind in self._prefixes.items() if lower.startswith(prefix)), _PASS
        )
        entry = (kind, name + b": ")
        if len(self) < _FIELDS_REMEMBERED:
            self[name] = entry
        return entry


REQUEST_FIELDS = Fields(
    {
        **_HOP_BY_HOP,
        b"cookie": _COOKIE,
        b"expect": _EXPECT,
        b"forwarded": _FORWARDING,
        b"host": _HOST_FIELD,
        b"http2-settings": _DROP,
        b"proxy-authorization": _DROP,
        b"x-real-ip": _FORWARDING,
    },
    {b"x-dcsim-": _DROP, b"x-forwarded-": _FORWARDING},
)
RESPONSE_FIELDS = Fields({**_HOP_BY_HOP, b"x-dcsim-route": _DROP, b"x-dcsim-balancer-error": _DROP}, {})


@dataclass(slots=True)
class RequestHead:
    """A request head that may travel on. `lines` are its end-to-end fields, each ready to be written."""

    method: bytes
    target: bytes
    minor: int
    host: bytes
    lines: list[bytes]
    cookies: bytes
    forwarding: list[tuple[bytes, bytes]]
    framing: Framing
    length: int
    keep_alive: bool
    expects_continue: bool
    websocket: bool


@dataclass(slots=True)
class ResponseHead:
    """An answer's head that may travel on. `reusable`: the node keeps the connection open after it.

    `verbatim` is all of it as it came, but for the empty line, when every line of it travels on; `lines` is empty then.
    """

    status: int
    reason: bytes
    lines: list[bytes]
    framing: Framing
    length: int
    reusable: bool
    websocket: bool
    verbatim: bytes = b""


def read_request(method: bytes, target: bytes, version: str, fields: list[tuple[bytes, bytes]]) -> RequestHead:
    """Checks a request head as llhttp reported it. Raises Refused."""
    minor = 1 if version == "1.1" else _minor(version)
    lines, special = _sorted(fields, REQUEST_FIELDS)
    target, host = _destination(method, target, special.get(_HOST_FIELD, ()), minor)
    framing, length = _body(special, minor)
    tokens = _tokens(b",".join(special[_CONNECTION])) if _CONNECTION in special else _NO_TOKENS
    if tokens:
        lines = _without(lines, tokens)
    if _UPGRADE in special and framing is not NO_BODY:
        raise Refused(400, "a request that asks for an upgrade cannot have a body here")
    cookies = special.get(_COOKIE, ())
    return RequestHead(
        method,
        target,
        minor,
        host,
        lines,
        cookies[0] if len(cookies) == 1 else b"; ".join(cookies),
        [field for field in fields if REQUEST_FIELDS[field[0]][0] is _FORWARDING]
        if _FORWARDING in special
        else _NO_FIELDS,
        framing,
        length,
        b"close" not in tokens and (minor == 1 or b"keep-alive" in tokens),
        _EXPECT in special and minor == 1 and _expects_continue(special[_EXPECT]),
        bool(tokens) and method == b"GET" and minor == 1 and _is_websocket(special, tokens),
    )


def read_response(
    status: int, reason: bytes, version: str, fields: list[tuple[bytes, bytes]], *, to_head: bool
) -> ResponseHead:
    """Checks an answer's head; `to_head` when the request was a HEAD. Raises Refused with status 502."""
    if (version != "1.1" and version != "1.0") or not 100 <= status <= 599:
        raise Refused(502, f"version {version}, status {status}")
    lines, special = _sorted(fields, RESPONSE_FIELDS)
    tokens = _tokens(b",".join(special[_CONNECTION])) if _CONNECTION in special else _NO_TOKENS
    if tokens:
        lines = _without(lines, tokens)
    framing, length = _response_body(status, special, to_head=to_head)
    if framing is NO_BODY and status != 204 and (given := special.get(_LENGTH_FIELD)):
        lines.append(b"Content-Length: " + given[0] + CRLF)
    keeps = b"close" not in tokens and (version == "1.1" or b"keep-alive" in tokens)
    return ResponseHead(
        status,
        reason,
        lines,
        framing,
        length,
        keeps and framing is not UNTIL_CLOSE,
        status == 101 and _is_websocket(special, tokens),
    )


def _sorted(fields: list[tuple[bytes, bytes]], table: Fields) -> tuple[list[bytes], dict[Kind, list[bytes]]]:
    """Fields that travel on, as lines; and the values of all others, by kind."""
    lines: list[bytes] = []
    special: dict[Kind, list[bytes]] = {}
    for name, value in fields:
        kind, prefix = table[name]
        if not kind:
            lines.append(prefix + value + CRLF)
        elif kind in special:
            special[kind].append(value)
        else:
            special[kind] = [value]
    return lines, special


def render_request(head: RequestHead, cookies: bytes, added: bytes) -> bytes:
    """The head as a node gets it. `cookies` replace those of the client; `added` are our own lines."""
    return b"".join(
        (
            head.method,
            b" ",
            head.target,
            b" HTTP/1.1\r\nHost: ",
            head.host,
            CRLF,
            *head.lines,
            b"Cookie: " + cookies + CRLF if cookies else b"",
            added,
            _framing_line(head.framing, head.length),
            b"Connection: Upgrade\r\nUpgrade: websocket\r\n" if head.websocket else b"",
            b"Expect: 100-continue\r\n\r\n" if head.expects_continue else CRLF,
        )
    )


def render_response(head: ResponseHead, added: bytes, *, chunked: bool, keep_alive: bool, minor: int) -> bytes:
    """The head as a client gets it. `chunked`: we write the body that way; `minor` is the client's version."""
    if head.websocket:
        connection = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    elif not keep_alive:
        connection = b"Connection: close\r\n\r\n"
    else:
        connection = CRLF if minor else b"Connection: keep-alive\r\n\r\n"
    if head.verbatim:
        return head.verbatim + added + connection
    if chunked:
        framing = b"Transfer-Encoding: chunked\r\n"
    else:
        framing = _framing_line(head.framing, head.length) if head.framing is SIZED else b""
    return b"".join((_status_line(head.status, head.reason), *head.lines, added, framing, connection))


@lru_cache(maxsize=256)
def _status_line(status: int, reason: bytes) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (status, reason)


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; `data` must not be empty, since an empty chunk is the end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"


def _minor(version: str) -> int:
    if version == "1.1":
        return 1
    if version == "1.0":
        return 0
    raise Refused(505 if version == "2.0" else 400, f"HTTP/{version} is not spoken here, only 1.1 and 1.0")


def _destination(method: bytes, target: bytes, hosts: Sequence[bytes], minor: int) -> tuple[bytes, bytes]:
    """The target in origin form and the host it is meant for; the authority of an absolute target wins (9112 3.2.2)."""
    if method == b"CONNECT":
        raise Refused(400, "CONNECT is not served here: this is no forward proxy")
    if len(hosts) > 1 or (not hosts and minor):
        raise Refused(400, f"a request needs exactly one Host field, not {len(hosts)}")
    host = hosts[0] if hosts else b""
    if not _ORIGIN_FORM(target):
        if target == b"*" and method == b"OPTIONS":
            pass
        elif absolute := _ABSOLUTE_FORM(target):
            host, path = absolute.group(1), absolute.group(2) or b"/"
            target = path if path.startswith(b"/") else b"/" + path
        else:
            raise Refused(400, "the request target is neither a path nor an http URL")
    if (hosts or host) and not is_host(host):
        raise Refused(400, "the Host field is not a host")
    return target, host


@lru_cache(maxsize=256)
def is_host(host: bytes) -> bool:
    return len(host) <= 255 and _HOST(host) is not None


def _body(special: Mapping[Kind, list[bytes]], minor: int) -> tuple[Framing, int]:
    """How a request's body ends. Two opinions, or one we do not fully understand, are refused (9112 6.1, 6.3)."""
    codings = special.get(_CODING)
    lengths = special.get(_LENGTH_FIELD)
    if codings:
        if lengths:
            raise Refused(400, "Transfer-Encoding and Content-Length contradict each other")
        if not minor:
            raise Refused(400, "an HTTP/1.0 request cannot have a Transfer-Encoding")
        if len(codings) > 1 or codings[0].strip(b" \t").lower() != b"chunked":
            raise Refused(400, "the only Transfer-Encoding taken here is a single 'chunked'")
        return CHUNKED, 0
    if lengths:
        return SIZED, _length(lengths, 400)
    return NO_BODY, 0


def _response_body(status: int, special: Mapping[Kind, list[bytes]], *, to_head: bool) -> tuple[Framing, int]:
    codings = special.get(_CODING)
    lengths = special.get(_LENGTH_FIELD)
    if codings and (lengths or len(codings) > 1 or codings[0].strip(b" \t").lower() != b"chunked"):
        raise Refused(502, "the node framed its answer in two ways or in one we do not know")
    length = _length(lengths, 502) if lengths else 0
    if to_head or status in (204, 304) or status < 200:
        return NO_BODY, 0
    if codings:
        return CHUNKED, 0
    return (SIZED, length) if lengths else (UNTIL_CLOSE, 0)


def _length(lengths: list[bytes], status: int) -> int:
    length = _number(lengths[0]) if len(lengths) == 1 else None
    if length is None:
        raise Refused(status, "Content-Length must be one plain number")
    return length


@lru_cache(maxsize=256)
def _number(text: bytes) -> int | None:
    text = text.strip(b" \t")
    return int(text) if _LENGTH(text) else None


@lru_cache(maxsize=256)
def _tokens(value: bytes) -> frozenset[bytes]:
    return frozenset(token for part in value.split(b",") if (token := part.strip(b" \t").lower()))


def _without(lines: list[bytes], tokens: frozenset[bytes]) -> list[bytes]:
    """The lines that `Connection` did not declare to be for one hop only."""
    named = tokens - {b"close", b"keep-alive", b"upgrade"}
    if not named:
        return lines
    if forbidden := named & _MUST_NOT_BE_NAMED:
        raise Refused(400, f"Connection must not name {sorted(forbidden)[0].decode()}")
    return [line for line in lines if line.partition(b":")[0].lower() not in named]


def _is_websocket(special: Mapping[Kind, list[bytes]], tokens: frozenset[bytes]) -> bool:
    upgrades = special.get(_UPGRADE)
    return upgrades is not None and b"upgrade" in tokens and [u.strip().lower() for u in upgrades] == [b"websocket"]


def _expects_continue(expected: list[bytes]) -> bool:
    if len(expected) > 1 or expected[0].strip(b" \t").lower() != b"100-continue":
        raise Refused(417, "the only expectation met here is 100-continue")
    return True


def _framing_line(framing: Framing, length: int) -> bytes:
    if framing is NO_BODY:
        return b""
    return b"Content-Length: %d\r\n" % length if framing is SIZED else b"Transfer-Encoding: chunked\r\n"


def frame(pieces: Sequence[bytes], framing: Framing, *, last: bool) -> bytes:
    """Body bytes as they are written under that framing; `last` adds what ends the body."""
    data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    if framing is not CHUNKED:
        return data
    framed = chunk(data) if data else b""
    return framed + LAST_CHUNK if last else framed
