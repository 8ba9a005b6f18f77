"""A fuzzer for the parser path. `python -m tests.loadbalancer.fuzz --inputs 200000` runs it at length.

It builds requests and answers, mutates them, cuts them into segments, and demands: no exception but a refusal, bounded
memory, the same reading however the bytes were cut, that whatever is accepted, once rendered for the other side, is read
back as the very same message, and that a connection which is kept open takes another one. The reading back is what
smuggling breaks. Heads that are read without llhttp must be what llhttp makes of the same bytes.
"""

import argparse
import random
import re
import resource
import time

from loadbalancer.head import Framing, Limits, Refused, frame, render_request, render_response
from loadbalancer.parser import IncomingRequest, RequestParser, ResponseParser
from loadbalancer.plain_head import read_plain_answer, read_plain_request

LIMITS = Limits(head_bytes=4096, fields=30)
METHODS = [b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"CONNECT", b"PRI", b"get", b"M-SEARCH"]
TARGETS = [b"/", b"/a?b=c", b"*", b"http://h/x", b"//", b"/%zz", b"/a#b", b"h:1", b"/\x80", b"/" + b"a" * 300]
NAMES = [b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"Upgrade", b"Expect", b"Cookie", b"X", b"TE"]
NAMES += [b"X-Forwarded-For", b"X-Dcsim-Clock", b"Keep-Alive", b"X y", b"", b"Trailer", b"content-length"]
NAMES += [b"Proxy-Connection"]
VALUES = [b"a", b"0", b"5", b"05", b"+5", b"chunked", b"identity, chunked", b"close", b"keep-alive, X", b"upgrade", b""]
VALUES += [b"websocket", b"100-continue", b"a=b; c=d", b"5, 5", b"99999999999999999999", b"\x00", b"a\rb", b"h2c"]
ENDS = [b"\r\n"] * 20 + [b"\n", b"\r", b"\r\n ", b"\n\r"]
BODIES = [
    b"",
    b"hello",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"0\r\n\r\n",
    b"5;x\r\nhello\r\n0\r\nT: u\r\n\r\n",
    b"5\nhello\n0\n\n",
    b"-1\r\n",
]


_CLEAN = [(b"Content-Length: 5", b"hello"), (b"Content-Length: 0", b""), (b"X: y", b"")]
_EXTRA = [b"", b"X: 1\r\n", b"Connection: close\r\n", b"Connection: X\r\nX: 2\r\n", b"Expect: 100-continue\r\n"]
_EXTRA += [b"Connection: keep-alive\r\n", b"Proxy-Connection: close\r\n", b"Cookie: a=b; c=d\r\nAccept: */*\r\n"]
_EXTRA += [b"X: " + b"a" * 5000 + b"\r\n"]  # beyond the limit, whatever is mutated
_CLEAN += [(b"Transfer-Encoding: chunked", body) for body in BODIES[2:5]]
_LONG = [  # at and beyond what a head, and what stands between chunks, may measure
    (b"X: " + b"a" * 4040, b""),
    (b"X:" + b" " * 5000, b""),
    (b"Transfer-Encoding: chunked", b"5;" + b"a" * 5000 + b"\r\nhello\r\n0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"5\r\nhello\r\n0\r\nT: " + b"a" * 5000 + b"\r\n\r\n"),
    (b"Transfer-Encoding: chunked", (b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 25 + b"0\r\n\r\n"),
    (b"Transfer-Encoding: chunked", b"11170\r\n" + b"x" * 70_000 + b"\r\n0\r\n\r\n"),
]


def _message(chance, first_line):
    """Half of them clean, so that mutation works on what would be accepted; half put together at random."""
    if chance.random() < 0.5:
        framing, body = chance.choice(_LONG if chance.random() < 0.2 else _CLEAN)
        extra = chance.choice(_EXTRA)
        return first_line + b"\r\nHost: a\r\n" + extra + framing + b"\r\n\r\n" + body
    lines = [first_line]
    if chance.random() < 0.9:
        lines.append(b"Host: a")
    lines += [
        chance.choice(NAMES) + chance.choice([b": ", b":", b" : "]) + chance.choice(VALUES)
        for _ in range(chance.randrange(5))
    ]
    return b"".join(line + chance.choice(ENDS) for line in lines) + b"\r\n" + chance.choice(BODIES)


def _mutated(chance, data):
    data = bytearray(data)
    for _ in range(chance.choice([0, 0, 0, 1, 1, 2, 5])):
        if not data:
            break
        at = chance.randrange(len(data))
        what = chance.randrange(4)
        if what == 0:
            data[at] = chance.randrange(256)
        elif what == 1:
            del data[at : at + chance.randrange(1, 4)]
        elif what == 2:
            data[at:at] = bytes([chance.randrange(256)])
        else:
            data[at:at] = data[at : at + chance.randrange(1, 40)]
    return bytes(data)


def _segments(chance, data):
    """Cut small and large; at a few places anywhere, so that long messages are cut everywhere; or after each head."""
    how = chance.random()
    if how < 0.2:
        yield from re.findall(rb".+?(?:\r\n\r\n|\Z)", data, re.DOTALL)
        return
    if how < 0.6:
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([1, 2, 5])))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            if start < end:
                yield data[start:end]
        return
    while data:
        size = chance.choice([1, 2, 7, 50, 3000, 10_000])
        yield data[:size]
        data = data[size:]


def check_requests(seed):
    """Feeds one mutated sequence of requests; AssertionError when an accepted one reads back differently."""
    chance = random.Random(seed)
    raw = b"".join(
        _message(
            chance,
            b"%b %b HTTP/%b"
            % (
                chance.choice(METHODS[:4] * 5 + METHODS),
                chance.choice(TARGETS[:2] * 5 + TARGETS),
                chance.choice([b"1.1"] * 9 + [b"1.0", b"2.0", b"0.9"]),
            ),
        )
        for _ in range(chance.randrange(1, 4))
    )
    raw = _mutated(chance, raw)
    assert_plain_request_agrees(raw)
    parser = RequestParser(LIMITS)
    for segment in _segments(chance, raw):
        parser.feed(segment)
    whole = RequestParser(LIMITS)
    whole.feed(raw)
    assert _outcome(parser) == _outcome(whole), f"where it is cut changes what it means: {raw!r}"
    if not raw.endswith(b"\r"):
        _assert_reads_on(parser)
    accepted = 0
    for message in parser.messages:
        if isinstance(message, IncomingRequest) and message.complete and message.refusal is None:
            accepted += 1
            if message.head.host:  # HTTP/1.0 may have none; it goes on as an empty one, which we refuse ourselves
                _assert_reads_back(message)
    return accepted


def _assert_reads_on(parser):
    """A connection that is kept open after a request takes another one."""
    last = parser.messages[-1] if parser.messages and not parser.in_head else None
    if not isinstance(last, IncomingRequest) or not last.complete or not last.head.keep_alive or last.head.websocket:
        return
    known = len(parser.messages)
    parser.feed(b"POST /another HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert not parser.over, f"kept open, but not read on: {parser.messages[-1]} after {last.head}"
    (read,) = list(parser.messages)[known:]
    assert (read.head.target, read.complete) == (b"/another", True)
    parser.messages.pop()


def _outcome(parser):
    """What became of the bytes; why something was refused may depend on how early that was seen."""
    return [
        (message.head.target, message.complete, message.refusal is not None, b"".join(message.pieces))
        if isinstance(message, IncomingRequest)
        else "refused"
        for message in parser.messages
    ]


def assert_plain_request_agrees(raw):
    plain = read_plain_request(raw, LIMITS)
    if plain is None:
        return
    parser = RequestParser(LIMITS)
    parser.feed(raw[:1])  # in two pieces it is llhttp's
    parser.feed(raw[1:])
    (read,) = parser.messages
    assert isinstance(read, IncomingRequest), f"plain, but refused by llhttp: {read}: {raw!r}"
    assert (read.complete, read.received) == (True, 0), f"plain, but not the whole request: {raw!r}"
    read.head.lines = [b"".join(read.head.lines)]
    assert read.head == plain, f"read in two ways: {raw!r}"


def assert_plain_answer_agrees(raw):
    plain = read_plain_answer(raw, LIMITS)
    if plain is None:
        return
    parser = ResponseParser(LIMITS)
    parser.expect(to_head=False)
    parser.feed(raw[:1])
    parser.feed(raw[1:])
    head, body = plain
    read = parser.head
    assert (parser.complete, parser.surplus, b"".join(parser.take())) == (True, False, body), f"two ways: {raw!r}"
    assert (read.status, read.reason, read.framing, read.length, read.reusable, read.websocket) == (
        (head.status, head.reason, head.framing, head.length, head.reusable, head.websocket)
    ), f"read in two ways: {raw!r}"
    lines = [line + b"\r\n" for line in head.verbatim.split(b"\r\n")[1:-1]]
    assert [line for line in lines if not line.lower().startswith(b"content-length:")] == read.lines
    assert len(lines) == len(read.lines) + 1


def _assert_reads_back(message):
    head, body = message.head, b"".join(message.pieces)
    raw = render_request(head, head.cookies, b"X-Added: 1\r\n") + frame([body], head.framing, last=True)
    again = RequestParser(Limits(head_bytes=8192, fields=40))
    again.feed(raw)
    assert len(again.messages) == 1, f"one request became {len(again.messages)}: {raw!r}"
    read = again.messages[0]
    assert isinstance(read, IncomingRequest), f"refused on the second reading: {read}: {raw!r}"
    assert read.complete, f"unfinished on the second reading: {raw!r}"
    assert b"".join(read.pieces) == body
    assert (read.head.method, read.head.target, read.head.host) == (head.method, head.target, head.host)
    assert (read.head.framing, read.head.length) == (head.framing, head.length)


def check_responses(seed):
    """Feeds one mutated answer; only `Refused` may come out, and an accepted one must read back the same."""
    chance = random.Random(seed)
    status = chance.choice([b"200 OK", b"204 No", b"304 Not", b"100 Go on", b"101 Up", b"404", b"999 x", b"099 x"])
    raw = _message(chance, b"HTTP/%b %b" % (chance.choice([b"1.1"] * 5 + [b"1.0", b"2.0"]), status))
    if chance.random() < 0.2:
        raw = b"HTTP/1.%d 103 Hints\r\n%b\r\n" % (chance.randrange(2), chance.choice(_EXTRA)) + raw
    raw = _mutated(chance, raw)
    assert_plain_answer_agrees(raw)
    to_head = chance.random() < 0.2
    parser = _answer_read(_segments(chance, raw), to_head=to_head)
    whole = _answer_read([raw], to_head=to_head)
    assert (parser is None) == (whole is None), f"where it is cut decides whether it is refused: {raw!r}"
    if parser is None or parser.head is None or not parser.complete or parser.surplus or parser.head.status == 101:
        return False
    chunked = parser.head.framing is Framing.CHUNKED
    body = b"".join(parser.take())
    assert (whole.complete, whole.head.status, b"".join(whole.take())) == (True, parser.head.status, body)
    out = render_response(parser.head, b"X-Added: 1\r\n", chunked=chunked, keep_alive=True, minor=1)
    again = ResponseParser(Limits(head_bytes=8192, fields=40))
    again.expect(to_head=to_head)
    again.feed(out + frame([body], parser.head.framing, last=True))
    assert again.complete, f"unfinished on the second reading: {out!r}"
    assert not again.surplus, f"more than one answer: {out!r}"
    assert (again.head.status, b"".join(again.take())) == (parser.head.status, body)
    if parser.head.reusable and not raw.endswith(b"\r"):
        parser.expect(to_head=False)
        parser.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        assert (parser.complete, parser.surplus) == (True, False), f"called reusable, but not read on: {raw!r}"
    return True


def _answer_read(segments, *, to_head):
    parser = ResponseParser(LIMITS)
    parser.expect(to_head=to_head)
    try:
        for segment in segments:
            parser.feed(segment)
    except Refused:
        return None
    return parser


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=200_000)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    print(f"seed {given.seed}, {given.inputs} inputs")
    started, slowest_s, requests, answers = time.monotonic(), 0.0, 0, 0
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(given.inputs // 2):
        seed = given.seed * 1_000_003 + number
        at = time.monotonic()
        try:
            requests += check_requests(seed)
            answers += check_responses(seed)
        except BaseException:
            print(f"failed at input {number}, seed {seed}")
            raise
        slowest_s = max(slowest_s, time.monotonic() - at)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    print(
        f"no crash, no hang in {time.monotonic() - started:.0f} s; slowest {slowest_s * 1e3:.1f} ms; "
        f"accepted {requests} requests and {answers} answers; memory grew by {grown_kib} KiB"
    )


if __name__ == "__main__":
    main()
