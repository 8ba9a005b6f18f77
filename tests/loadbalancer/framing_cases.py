"""Raw requests on which front and back may disagree where one ends, and what must become of each.

Derived from RFC 9110 and 9112 and the case lists named in the reference (load-balancer.md 1.4). A case is either
`refused` with a status, in which case the connection closes and the node gets nothing, or `node` says exactly which bytes
reach the node, without the lines that the balancer adds to every request.
"""

from dataclasses import dataclass

A = b"Host: a\r\n"
GET = b"GET /x HTTP/1.1\r\n"
POST = b"POST /x HTTP/1.1\r\n"
TE = b"Transfer-Encoding: chunked\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


@dataclass(frozen=True)
class Case:
    name: str
    raw: bytes
    refused: int = 0
    node: bytes = b""
    answers: int = 1


def _refused(name, raw, status=400):
    return Case(name, raw, refused=status)


def _passes(name, raw, node, answers=1):
    return Case(name, raw, node=node, answers=answers)


def _get(*lines):
    return GET + A + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def _post(lines, body):
    return POST + A + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def _chunked(body):
    return POST + A + TE + b"\r\n" + body


_FIVE = [b"Content-Length: 5"]
_PLAIN = GET + A + b"\r\n"
_WHOLE_CHUNKED = POST + A + TE + b"\r\n5\r\nhello\r\n0\r\n\r\n"

LENGTHS = [
    _passes("one length", _post(_FIVE, b"hello"), _post(_FIVE, b"hello")),
    _passes("length zero", _post([b"Content-Length: 0"], b""), _post([b"Content-Length: 0"], b"")),
    _passes("length with leading zeros", _post([b"Content-Length: 005"], b"hello"), _post(_FIVE, b"hello")),
    _passes("length followed by blanks", _post([b"Content-Length: 5  "], b"hello"), _post(_FIVE, b"hello")),
    _refused("two equal lengths", _post([*_FIVE, *_FIVE], b"hello")),
    _refused("two different lengths", _post([*_FIVE, b"Content-Length: 6"], b"hello!")),
    _refused("two lengths in one field", _post([b"Content-Length: 5, 5"], b"hello")),
    _refused("two different lengths in one field", _post([b"Content-Length: 5, 6"], b"hello!")),
    _refused("a signed length", _post([b"Content-Length: +5"], b"hello")),
    _refused("a negative length", _post([b"Content-Length: -5"], b"hello")),
    _refused("a hexadecimal length", _post([b"Content-Length: 0x5"], b"hello")),
    _refused("a length with an underscore", _post([b"Content-Length: 1_0"], b"hellohello")),
    _refused("a length with a point", _post([b"Content-Length: 5.0"], b"hello")),
    _refused("a length with an exponent", _post([b"Content-Length: 5e0"], b"hello")),
    _refused("an empty length", _post([b"Content-Length:"], b"")),
    _refused("a length of blanks", _post([b"Content-Length:   "], b"")),
    _refused("a length of words", _post([b"Content-Length: five"], b"hello")),
    _refused("a length in quotes", _post([b'Content-Length: "5"'], b"hello")),
    _refused("a length beyond 64 bits", _post([b"Content-Length: 99999999999999999999"], b"hello")),
    _refused("a length that wraps to 5 in 64 bits", _post([b"Content-Length: 18446744073709551621"], b"hello")),
    _refused("a length in wide digits", _post(["Content-Length: ５".encode()], b"hello")),
    _refused("a length with a tab inside", _post([b"Content-Length: 1\t0"], b"hellohello")),
    _refused("a length whose name has a blank", _post([b"Content-Length : 5"], b"hello")),
    _refused("a length whose name has a tab", _post([b"Content-Length\t: 5"], b"hello")),
    _passes("a length of other case", _post([b"cOnTeNt-LeNgTh: 5"], b"hello"), _post(_FIVE, b"hello")),
    _refused("a length folded onto the next line", _post([b"Content-Length:", b" 5"], b"hello")),
]

CODINGS = [
    _passes("chunked", _chunked(b"5\r\nhello\r\n0\r\n\r\n"), _WHOLE_CHUNKED),
    _passes(
        "chunked of other case", POST + A + b"transfer-encoding: CHUNKED\r\n\r\n5\r\nhello\r\n0\r\n\r\n", _WHOLE_CHUNKED
    ),
    _refused("chunked and a length", _post([b"Transfer-Encoding: chunked", *_FIVE], b"0\r\n\r\n" + SMUGGLED)),
    _refused("a length and chunked", _post([*_FIVE, b"Transfer-Encoding: chunked"], b"0\r\n\r\n" + SMUGGLED)),
    _refused("chunked and length zero", _post([b"Content-Length: 0", TE[:-2]], b"5\r\nhello\r\n0\r\n\r\n")),
    _refused("chunked twice", _post([TE[:-2], TE[:-2]], b"0\r\n\r\n")),
    _refused("chunked twice in one field", _post([b"Transfer-Encoding: chunked, chunked"], b"0\r\n\r\n")),
    _refused("identity, then chunked", _post([b"Transfer-Encoding: identity, chunked"], b"0\r\n\r\n")),
    _refused("identity alone", _post([b"Transfer-Encoding: identity"], b"")),
    _refused("identity with a length", _post([b"Transfer-Encoding: identity", *_FIVE], b"hello")),
    _refused("gzip, then chunked", _post([b"Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n")),
    _refused("chunked, then gzip", _post([b"Transfer-Encoding: chunked, gzip"], b"0\r\n\r\n")),
    _refused(
        "chunked, then identity in a second field", _post([TE[:-2], b"Transfer-Encoding: identity"], b"0\r\n\r\n")
    ),
    _refused("a coding that ends in chunked", _post([b"Transfer-Encoding: xchunked"], b"0\r\n\r\n")),
    _refused("a coding that begins with chunked", _post([b"Transfer-Encoding: chunkedx"], b"0\r\n\r\n")),
    _refused("chunked in quotes", _post([b'Transfer-Encoding: "chunked"'], b"0\r\n\r\n")),
    _refused("chunked with a parameter", _post([b"Transfer-Encoding: chunked;q=1"], b"0\r\n\r\n")),
    _refused("chunked after a comma", _post([b"Transfer-Encoding: , chunked"], b"0\r\n\r\n")),
    _refused("chunked before a comma", _post([b"Transfer-Encoding: chunked,"], b"0\r\n\r\n")),
    _refused("chunked after a vertical tab", _post([b"Transfer-Encoding: \x0bchunked"], b"0\r\n\r\n")),
    _refused("chunked before a NUL", _post([b"Transfer-Encoding: chunked\x00"], b"0\r\n\r\n")),
    _refused("a coding whose name has a blank", _post([b"Transfer-Encoding : chunked"], b"0\r\n\r\n")),
    _refused("a coding folded onto the next line", _post([b"Transfer-Encoding:", b" chunked"], b"0\r\n\r\n")),
    _refused("an empty coding", _post([b"Transfer-Encoding:"], b"")),
    _refused("a coding in HTTP/1.0", b"POST /x HTTP/1.0\r\n" + A + TE + b"\r\n0\r\n\r\n"),
    _refused("a coding after a bare LF", POST + A + b"X: y\n" + TE + b"\r\n0\r\n\r\n"),
    _refused("a coding after a bare CR", POST + A + b"X: y\r" + TE + b"\r\n0\r\n\r\n"),
]

CHUNKS = [
    _passes("two chunks become one", _chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), _WHOLE_CHUNKED),
    _passes("an upper-case size", _chunked(b"A\r\nhellohello\r\n0\r\n\r\n"), _chunked(b"a\r\nhellohello\r\n0\r\n\r\n")),
    _passes("a size with leading zeros", _chunked(b"0005\r\nhello\r\n0\r\n\r\n"), _WHOLE_CHUNKED),
    _passes("an extension is dropped", _chunked(b"5;a=b\r\nhello\r\n0\r\n\r\n"), _WHOLE_CHUNKED),
    _passes("a quoted extension is dropped", _chunked(b'5;a="b c"\r\nhello\r\n0\r\n\r\n'), _WHOLE_CHUNKED),
    _passes("trailers are dropped", _chunked(b"5\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n"), _WHOLE_CHUNKED),
    _passes(
        "a trailer cannot set a length", _chunked(b"5\r\nhello\r\n0\r\nX-Length: 5\r\nHost: b\r\n\r\n"), _WHOLE_CHUNKED
    ),
    _passes("an empty chunked body", _chunked(b"0\r\n\r\n"), _chunked(b"0\r\n\r\n")),
    _refused("a size with a sign", _chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
    _refused("a negative size", _chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
    _refused("a size with 0x", _chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
    _refused("a size with an underscore", _chunked(b"0_5\r\nhello\r\n0\r\n\r\n")),
    _refused("a size after a blank", _chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
    _refused("a size before a blank", _chunked(b"5 \r\nhello\r\n0\r\n\r\n")),
    _refused("a size before a tab", _chunked(b"5\t\r\nhello\r\n0\r\n\r\n")),
    _refused("no size", _chunked(b"\r\nhello\r\n0\r\n\r\n")),
    _refused("only an extension", _chunked(b";a=b\r\nhello\r\n0\r\n\r\n")),
    _refused("a size of words", _chunked(b"five\r\nhello\r\n0\r\n\r\n")),
    _refused("a size beyond 64 bits", _chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
    _refused("a size ended by a bare LF", _chunked(b"5\nhello\r\n0\r\n\r\n")),
    _refused("a size ended by a bare CR", _chunked(b"5\rhello\r\n0\r\n\r\n")),
    _refused("data ended by a bare LF", _chunked(b"5\r\nhello\n0\r\n\r\n")),
    _refused("data longer than its size", _chunked(b"5\r\nhello!\r\n0\r\n\r\n")),
    _refused("data without its end", _chunked(b"5\r\nhello0\r\n\r\n")),
    _refused("an extension with a bare LF", _chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n")),
    _refused("an extension with a NUL", _chunked(b"5;a\x00b\r\nhello\r\n0\r\n\r\n")),
    _refused("the end in bare LFs", _chunked(b"5\r\nhello\r\n0\n\n")),
    _refused("a trailer without a colon", _chunked(b"5\r\nhello\r\n0\r\nX\r\n\r\n")),
    _refused("a trailer folded", _chunked(b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n")),
    _refused("a length in the trailer", _chunked(b"5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n")),
    _refused("an extension of 200 KB", _chunked(b"5;" + b"a" * 200_000 + b"\r\nhello\r\n0\r\n\r\n")),
    _refused("200 trailers", _chunked(b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 200 + b"\r\n")),
]

LINES = [
    _passes("nothing special", _PLAIN, _PLAIN),
    _passes("empty lines before the request", b"\r\n\r\n" + _PLAIN, _PLAIN),
    _refused("a request line ended by a bare LF", b"GET /x HTTP/1.1\n" + A + b"\r\n"),
    _refused("all lines ended by bare LFs", b"GET /x HTTP/1.1\nHost: a\n\n"),
    _refused("a field ended by a bare LF", GET + b"Host: a\nX: y\r\n\r\n"),
    _refused("a field ended by a bare CR", GET + b"Host: a\rX: y\r\n\r\n"),
    _refused("a CR inside a value", _get(b"X: a\rb")),
    _refused("a head ended by LF CR LF", GET + A + b"\n\r\n"),
    _refused("a folded field", _get(b"X: a", b" b")),
    _refused("a field folded with a tab", _get(b"X: a", b"\tb")),
    _refused("a blank before the first field", GET + b" Host: a\r\n\r\n"),
    _refused("a blank before the colon", GET + b"Host : a\r\n\r\n"),
    _refused("a tab before the colon", GET + b"Host\t: a\r\n\r\n"),
    _refused("a blank inside a name", _get(b"X Y: z")),
    _refused("a field without a colon", _get(b"XY")),
    _refused("a field without a name", _get(b": z")),
    _refused("a NUL in a name", _get(b"X\x00: z")),
    _refused("a NUL in a value", _get(b"X: a\x00b")),
    _refused("a control byte in a value", _get(b"X: a\x01b")),
    _refused("DEL in a value", _get(b"X: a\x7fb")),
    _refused("a name beyond ASCII", _get("Ñ: z".encode())),
    _refused("a bracket in a name", _get(b"X[]: z")),
    _passes("a value beyond ASCII", _get("X: ñ".encode()), _get("X: ñ".encode())),
    _passes("an empty value", _get(b"X:"), _get(b"X: ")),
    _passes("a tab inside a value", _get(b"X: a\tb"), _get(b"X: a\tb")),
    _passes("the same field twice", _get(b"X: a", b"X: b"), _get(b"X: a", b"X: b")),
    _refused("a head of 40 KB in one field", _get(b"X: " + b"a" * 40_000)),
    _refused("a head of 40 KB in a name", _get(b"X" * 40_000 + b": a")),
    _refused("200 fields", _get(*([b"X: y"] * 200))),
    _refused("a target of 40 KB", b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a head without an end", b"GET /x HTTP/1.1\r\nX: " + b"a" * 400_000),
]

STARTS = [
    _refused("no version", b"GET /x\r\n\r\n"),
    _refused("HTTP/0.9", b"GET /x HTTP/0.9\r\n" + A + b"\r\n"),
    _refused("HTTP/1.2", b"GET /x HTTP/1.2\r\n" + A + b"\r\n"),
    _refused("HTTP/2.0", b"GET /x HTTP/2.0\r\n" + A + b"\r\n", 505),
    _refused("HTTP/3.0", b"GET /x HTTP/3.0\r\n" + A + b"\r\n"),
    _refused("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    _refused("a version of lower case", b"GET /x http/1.1\r\n" + A + b"\r\n"),
    _refused("a version with a blank", b"GET /x HTTP/ 1.1\r\n" + A + b"\r\n"),
    _refused("a version with a third number", b"GET /x HTTP/1.1.1\r\n" + A + b"\r\n"),
    _refused("another protocol", b"GET /x SIP/1.1\r\n" + A + b"\r\n"),
    _passes("RTSP, which llhttp knows, goes on as HTTP", b"GET /x RTSP/1.1\r\n" + A + b"\r\n", _PLAIN),
    _refused("a method of lower case", b"get /x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("an unknown method", b"SMUGGLE /x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a blank before the method", b" GET /x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("words after the version", b"GET /x HTTP/1.1 again\r\n" + A + b"\r\n"),
    _refused("a blank inside the target", b"GET /x y HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a tab after the method", b"GET\t/x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a control byte in the target", b"GET /\x01 HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a NUL in the target", b"GET /\x00 HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a target beyond ASCII", "GET /ñ HTTP/1.1\r\n".encode() + A + b"\r\n"),
    _refused("a fragment in the target", b"GET /x#y HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a target without a slash", b"GET x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a target that is an authority", b"GET a:80 HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a target of another scheme", b"GET ftp://a/x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("a star for GET", b"GET * HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("CONNECT", b"CONNECT a:443 HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("CONNECT to a path", b"CONNECT /x HTTP/1.1\r\n" + A + TE + b"\r\n0\r\n\r\n"),
    _passes("a star for OPTIONS", b"OPTIONS * HTTP/1.1\r\n" + A + b"\r\n", b"OPTIONS * HTTP/1.1\r\n" + A + b"\r\n"),
    _passes("an absolute target", b"GET http://a/x HTTP/1.1\r\n" + A + b"\r\n", _PLAIN),
    _passes("an absolute target wins over Host", b"GET http://a/x HTTP/1.1\r\nHost: b\r\n\r\n", _PLAIN),
    _passes(
        "an absolute target without a path",
        b"GET http://a HTTP/1.1\r\n" + A + b"\r\n",
        GET.replace(b"/x", b"/") + A + b"\r\n",
    ),
    _refused("an absolute target with a user", b"GET http://u@a/x HTTP/1.1\r\n" + A + b"\r\n"),
    _refused("an absolute target without a host", b"GET http:///x HTTP/1.1\r\n" + A + b"\r\n"),
    _passes(
        "an odd path is not touched",
        b"GET /a/%2e%2e//b/../c;d?x=%zz&y=[1] HTTP/1.1\r\n" + A + b"\r\n",
        b"GET /a/%2e%2e//b/../c;d?x=%zz&y=[1] HTTP/1.1\r\n" + A + b"\r\n",
    ),
]

HOSTS = [
    _refused("no Host", GET + b"\r\n"),
    _refused("two Hosts", _get(b"Host: b")),
    _refused("two equal Hosts", _get(b"Host: a")),
    _refused("an empty Host", GET + b"Host:\r\n\r\n"),
    _refused("a Host with a path", GET + b"Host: a/b\r\n\r\n"),
    _refused("a Host with a user", GET + b"Host: u@a\r\n\r\n"),
    _refused("a Host with a comma", GET + b"Host: a, b\r\n\r\n"),
    _refused("a Host with a blank", GET + b"Host: a b\r\n\r\n"),
    _refused("a Host with a port of words", GET + b"Host: a:http\r\n\r\n"),
    _passes("a Host with a port", GET + b"Host: a:8080\r\n\r\n", GET + b"Host: a:8080\r\n\r\n"),
    _passes("an IPv6 Host", GET + b"Host: [::1]:8080\r\n\r\n", GET + b"Host: [::1]:8080\r\n\r\n"),
]

HOPS = [
    _passes("a field that Connection names", _get(b"Connection: X-Secret", b"X-Secret: 1"), _PLAIN),
    _passes("two fields that Connection names", _get(b"X-B: 1", b"Connection: x-a, X-b", b"X-A: 1"), _PLAIN),
    _refused("Connection names Host", _get(b"Connection: Host")),
    _refused("Connection names Content-Length", _post([*_FIVE, b"Connection: content-length"], b"hello")),
    _refused("Connection names Cookie", _get(b"Connection: Cookie", b"Cookie: a=b")),
    _refused("Connection names Authorization", _get(b"Connection: authorization", b"Authorization: x")),
    _passes("Keep-Alive", _get(b"Connection: keep-alive", b"Keep-Alive: timeout=5"), _PLAIN),
    _passes("Proxy-Connection", _get(b"Proxy-Connection: keep-alive"), _PLAIN),
    _passes("TE", _get(b"TE: trailers", b"Connection: TE"), _PLAIN),
    _passes("Trailer", _get(b"Trailer: X"), _PLAIN),
    _passes("Proxy-Authorization", _get(b"Proxy-Authorization: Basic eDp5"), _PLAIN),
    _passes(
        "an upgrade to h2c is not offered on",
        _get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA"),
        _PLAIN,
    ),
    _refused("an upgrade with a body", _post([*_FIVE, b"Connection: Upgrade", b"Upgrade: h2c"], b"hello")),
    _passes(
        "forged forwarding fields",
        _get(b"X-Forwarded-For: 6.6.6.6", b"Forwarded: for=6.6.6.6", b"X-Real-IP: 6.6.6.6", b"X-Forwarded-User: root"),
        _PLAIN,
    ),
    _passes("forged fields of our own", _get(b"X-Dcsim-Clock: 9;9;9;9", b"x-dcsim-route: bound"), _PLAIN),
    _refused("an unknown expectation", _post([*_FIVE, b"Expect: 200-ok"], b"hello"), 417),
]

SEQUENCES = [
    _passes("two requests at once", _PLAIN + _PLAIN, _PLAIN + _PLAIN, answers=2),
    _passes(
        "a body and a request at once", _post(_FIVE, b"hello") + _PLAIN, _post(_FIVE, b"hello") + _PLAIN, answers=2
    ),
    _passes("a chunked body and a request at once", _WHOLE_CHUNKED + _PLAIN, _WHOLE_CHUNKED + _PLAIN, answers=2),
    _passes(
        "GET with a body", GET + A + b"Content-Length: 5\r\n\r\nhello", GET + A + b"Content-Length: 5\r\n\r\nhello"
    ),
    _passes("a request after Connection: close is not read", _get(b"Connection: close") + SMUGGLED, _PLAIN),
    _passes("HTTP/1.0", b"GET /x HTTP/1.0\r\n" + A + b"\r\n", _PLAIN),
]

CASES = [*LENGTHS, *CODINGS, *CHUNKS, *LINES, *STARTS, *HOSTS, *HOPS, *SEQUENCES]
