"""Heads that are read without llhttp. That they read as llhttp reads them is the fuzzer's; here is which ones are."""

import pytest

from loadbalancer import plain_head
from loadbalancer.head import Limits, render_response
from loadbalancer.parser import RequestParser, ResponseParser
from loadbalancer.plain_head import read_plain_answer, read_plain_request
from tests.loadbalancer.fuzz import assert_plain_answer_agrees, assert_plain_request_agrees

GET = b"GET /a?b HTTP/1.1\r\nHost: a:80\r\nAccept: */*\r\nCookie: x=y\r\nConnection: keep-alive\r\n\r\n"
ANSWER = b"HTTP/1.1 404 Not here\r\nDate: now\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\n\r\nhello"


def test_what_browsers_send_is_plain():
    """A browser's GET is read without llhttp; its Connection field says nothing and is dropped."""
    head = read_plain_request(GET, Limits())
    assert (head.method, head.target, head.host, head.cookies) == (b"GET", b"/a?b", b"a:80", b"x=y")
    assert head.lines == [b"Accept: */*\r\n"]
    assert_plain_request_agrees(GET)


def test_a_plain_answer_goes_on_as_it_came():
    """No line of it is written anew; ours follow, and the body is left for whoever passes it on."""
    head, body = read_plain_answer(ANSWER, Limits())
    out = render_response(head, b"Via: 1.1 dcsim\r\n", chunked=False, keep_alive=True, minor=1)
    assert (out + body) == ANSWER.replace(b"\r\n\r\n", b"\r\nVia: 1.1 dcsim\r\n\r\n")
    assert_plain_answer_agrees(ANSWER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"GET", b"POST"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"/a?b", b"http://b/"),
        (b"Host: a:80\r\n", b""),
        (b"Host: a:80", b"Host: a b"),
        (b"Accept: */*", b"Host: b"),
        (b"Accept: */*", b"cookie: z=1"),
        (b"Accept: */*", b"Content-Length: 0"),
        (b"Accept: */*", b"Transfer-Encoding: chunked"),
        (b"Accept: */*", b"X-Forwarded-For: 1.2.3.4"),
        (b"Accept: */*", b"X-Dcsim-Clock: 1"),
        (b"Accept: */*", b"Accept : */*"),
        (b"Accept: */*", b" folded"),
        (b"Accept: */*", b"X: a\nHost: b"),
        (b"Accept: */*", b"X: \x80"),
        (b"keep-alive", b"close"),
        (b"keep-alive\r\n\r\n", b"keep-alive\r\n"),
        (b"keep-alive\r\n\r\n", b"keep-alive\r\n\r\nG"),
        (b"keep-alive\r\n\r\n", b"keep-alive\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ],
)
def test_requests_that_are_left_to_llhttp(old, new):
    """Whatever has a body, is meant for us, is odd, not whole or not alone."""
    changed = GET.replace(old, new)
    assert changed != GET
    assert read_plain_request(changed, Limits()) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"404", b"304"),
        (b"404", b"100"),
        (b"404", b"600"),
        (b"Length: 5", b"Length: 4"),
        (b"Length: 5", b"Length: 6"),
        (b"Length: 5", b"Length: +5"),
        (b"Content-Length: 5\r\n", b""),
        (b"Date: now", b"Content-Length: 5"),
        (b"Date: now", b"Transfer-Encoding: chunked"),
        (b"Date: now", b"Connection: close"),
        (b"Date: now", b"X-Dcsim-Route: bound"),
        (b"Date: now", b"Date: a\rb"),
    ],
)
def test_answers_that_are_left_to_llhttp(old, new):
    """The same for answers, and those of which a line must not travel on."""
    changed = ANSWER.replace(old, new)
    assert changed != ANSWER
    assert read_plain_answer(changed, Limits()) is None


def test_limits_are_left_to_llhttp_to_refuse():
    """A head that is too large or has too many fields is not plain."""
    assert read_plain_request(GET, Limits(head_bytes=len(GET))) is not None
    assert read_plain_request(GET, Limits(head_bytes=len(GET) - 1)) is None
    assert read_plain_request(GET, Limits(fields=3)) is None
    assert read_plain_answer(ANSWER, Limits(fields=2)) is None


def test_plain_and_other_requests_take_turns():
    """llhttp and the plain reader share a connection; after a last request there is no other, plain or not."""
    parser = RequestParser(Limits())
    post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    for data in (GET, post, GET, GET[:9], GET[9:], b"\r\n", GET, GET):
        parser.feed(data)
    assert [message.complete for message in parser.messages] == [True] * 6
    parser.feed(GET.replace(b"keep-alive", b"close"))
    parser.feed(GET)
    assert parser.over


def test_an_answer_to_head_is_never_plain():
    """Its Content-Length says nothing about what follows."""
    parser = ResponseParser(Limits())
    parser.expect(to_head=True)
    parser.feed(ANSWER.removesuffix(b"hello"))
    assert (parser.complete, parser.head.verbatim) == (True, b"")


def test_what_is_remembered_is_bounded():
    """A table that is full forgets, and long lines are not kept at all."""
    for number in range(6000):
        read_plain_request(b"GET / HTTP/1.1\r\nHost: a\r\nX: %d%b\r\n\r\n" % (number, b"x" * (number % 700)), Limits())
    lines = plain_head._REQUEST_LINES
    assert len(lines) <= 4096
    assert max(map(len, lines)) <= 512
