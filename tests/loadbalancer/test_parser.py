"""Bytes to messages: whatever the segments, whatever the bytes."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loadbalancer.head import Framing, Limits, Refused
from loadbalancer.parser import RequestParser, ResponseParser
from tests.loadbalancer.fuzz import check_requests, check_responses

POST = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\n\r\nhello"


def requests(data, size=None):
    parser = RequestParser(Limits())
    for start in range(0, len(data), size or len(data)):
        parser.feed(data[start : start + (size or len(data))])
    return parser


@given(st.integers(1, len(POST)))
def test_a_request_is_the_same_in_any_segments(size):
    """How bytes are cut on their way does not show."""
    (message,) = requests(POST, size).messages
    assert (b"".join(message.pieces), message.complete, message.received) == (b"hello world", True, 11)
    assert (message.head.method, message.head.target, message.head.framing) == (b"POST", b"/x", Framing.CHUNKED)


@given(st.integers(1, len(ANSWER)))
def test_an_answer_is_the_same_in_any_segments(size):
    """The same holds for what nodes send."""
    parser = ResponseParser(Limits())
    parser.expect(to_head=False)
    for start in range(0, len(ANSWER), size):
        parser.feed(ANSWER[start : start + size])
    assert (b"".join(parser.take()), parser.complete, parser.surplus, parser.head.reusable) == (
        b"hello",
        True,
        False,
        True,
    )


def test_a_refusal_comes_after_the_requests_before_it():
    """What preceded nonsense on the same connection is still a request."""
    parser = requests(POST + b"nonsense\r\n\r\n")
    message, refusal = parser.messages
    assert message.complete
    assert isinstance(refusal, Refused)
    assert parser.over


def test_a_bad_chunk_marks_the_request_it_belongs_to():
    """A body that turns bad spoils its own request, which never counts as complete."""
    (message,) = requests(POST.replace(b"\r\n6\r\n", b"\r\nzz\r\n")).messages
    assert (message.refusal is not None, message.complete) == (True, False)


def test_nothing_is_read_after_a_refusal():
    """A connection that was refused once says nothing any more."""
    parser = requests(b"nonsense\r\n\r\n")
    parser.feed(POST)
    assert len(parser.messages) == 1


def test_a_head_has_a_limit_in_one_segment_and_in_many():
    """The limit on a head holds however it arrives, and counts only the head."""
    large = b"GET /x HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 3000
    for size in (None, 100):
        parser = RequestParser(Limits(head_bytes=2000))
        whole = large + b"\r\n\r\n"
        for start in range(0, len(whole), size or len(whole)):
            parser.feed(whole[start : start + (size or len(whole))])
        assert isinstance(parser.messages[0], Refused)
    body = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000
    parser = RequestParser(Limits(head_bytes=2000))
    parser.feed(body + b"GET / HTTP/1.1\r\nHo")
    parser.feed(b"st: a\r\n\r\n")
    assert [message.complete for message in parser.messages] == [True, True]


def refusal(head, *, cut, limit):
    """Why this head, cut once, was refused by the parser of its kind; empty when it was not."""
    if head.startswith(b"HTTP"):
        parser = ResponseParser(Limits(head_bytes=limit))
        parser.expect(to_head=False)
    else:
        parser = RequestParser(Limits(head_bytes=limit))
    try:
        parser.feed(head[:cut])
        parser.feed(head[cut:])
    except Refused as refused:
        return str(refused)
    return "" if isinstance(parser, ResponseParser) or not parser.over else str(parser.messages[-1])


@given(st.integers(1, 2500), st.sampled_from([b"GET /x HTTP/1.1\r\nHost: a", b"HTTP/1.1 200 OK\r\nContent-Length: 0"]))
def test_where_a_head_is_cut_does_not_change_its_limit(cut, start):
    """A head over the limit whose two halves are each below it is refused like one in a single segment."""
    head = start + b"\r\nX: " + b"a" * 2500 + b"\r\n\r\n"
    assert "larger than 2000 bytes" in refusal(head, cut=cut, limit=2000)
    assert refusal(head, cut=cut, limit=3000) == ""


LIMIT = 2000
anywhere = settings(deadline=None)
PUT = b"PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


@anywhere
@given(st.data(), st.sampled_from([b"GET / HTTP/1.1\r\nHost: a", b"HTTP/1.1 200 OK\r\nContent-Length: 0"]))
def test_the_limit_on_a_head_is_exact_wherever_it_is_cut(data, start):
    """A head of as many bytes as allowed passes and one of a byte more does not, blanks and empty lines included."""
    fill = LIMIT - len(start + b"\r\nX:a\r\n\r\n")
    before = data.draw(st.sampled_from([b"", b"\r\n\r\n"])) if start.startswith(b"GET") else b""
    filled = b"\r\nX:" + data.draw(st.sampled_from([b" ", b"a"])) * (fill - len(before))
    for more, refused in ((b"", False), (b"a", True)):
        head = before + start + filled + b"a" + more + b"\r\n\r\n"
        cut = data.draw(st.integers(1, len(head)))
        assert ("larger than 2000 bytes" in refusal(head, cut=cut, limit=LIMIT)) is refused


def requests_cut(raw, *cuts):
    """What one connection's bytes are read as, under a limit that is easily reached."""
    parser = RequestParser(Limits(head_bytes=LIMIT))
    cuts = sorted(cuts)
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        parser.feed(raw[start:end])
    return parser


@anywhere
@given(st.integers(0, 4 * LIMIT), st.integers(0, 4 * LIMIT))
@pytest.mark.parametrize("before", [b"", PUT + b"1f4\r\n" + b"x" * 500 + b"\r\n0\r\n\r\n"], ids=["first", "second"])
def test_a_limit_is_exact_after_another_request_too(before, one, other):
    """Where in a segment a head begins does not change what it may measure."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nX: "
    head += b"a" * (LIMIT - len(head) - 4) + b"\r\n\r\n"
    parser = requests_cut(before + head + b"x", one, other)
    assert [message.complete for message in parser.messages] == [True] * (2 if before else 1)
    assert requests_cut(before + head.replace(b"X:", b"X: ") + b"x", one, other).over


TOO_MUCH = {
    "one extension": PUT + b"5;" + b"a" * LIMIT + b"\r\nhello\r\n0\r\n\r\n",
    "an extension of the last chunk": PUT + b"5\r\nhello\r\n0;" + b"a" * LIMIT + b"\r\n\r\n",
    "zeros before a size": PUT + b"0" * LIMIT + b"5\r\nhello\r\n0\r\n\r\n",
    "a trailer, after a large body": PUT + b"9c40\r\n%b\r\n0\r\nT: %b\r\n\r\n" % (b"x" * 40_000, b"a" * LIMIT),
    "extensions together": PUT + (b"1;" + b"a" * 1900 + b"\r\nx\r\n") * 35 + b"0\r\n\r\n",
}


@pytest.mark.parametrize("raw", TOO_MUCH.values(), ids=TOO_MUCH.keys())
@anywhere
@given(st.integers(0, 70_000), st.integers(0, 70_000))
@example(0, 0)
def test_what_stands_between_chunks_has_a_limit_wherever_it_is_cut(raw, one, other):
    """Extensions and trailers are refused beyond it in any segments, and their request is never complete before."""
    parser = requests_cut(raw, one, other)
    (message,) = parser.messages
    assert (message.complete, "out of all proportion" in str(message.refusal)) == (False, True)


@pytest.mark.parametrize(
    "first",
    [
        PUT + b"186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n",
        PUT.replace(b"Transfer-Encoding: chunked", b"Content-Length: 100000") + b"x" * 100_000,
    ],
    ids=["chunked", "sized"],
)
@anywhere
@given(st.integers(0, 100_300), st.integers(0, 100_300))
@example(10, 10)
@example(40_000, 10)
def test_a_large_body_does_not_count_against_the_request_after_it(first, one, other):
    """Two honest uploads sent one right after the other both arrive, whichever segments they share."""
    raw = first + PUT + b"14\r\n" + b"y" * 20 + b"\r\n0\r\n\r\n"
    parser = requests_cut(raw, max(0, len(raw) - one), max(0, len(raw) - other))
    assert [(message.complete, message.received) for message in parser.messages] == [(True, 100_000), (True, 20)]


def test_a_connection_that_llhttp_closes_is_not_kept_open():
    """`Proxy-Connection` and trailers can close a connection for llhttp, and then nobody may go on with it."""
    closing = b"GET / HTTP/1.1\r\nHost: a\r\nProxy-Connection: close\r\n\r\n"
    trailed = POST[:-2] + b"Connection: close\r\n\r\n"
    for raw in (closing, trailed):
        parser = requests(raw)
        assert (parser.messages[0].complete, parser.messages[0].head.keep_alive) == (True, False)
        parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert isinstance(parser.messages[1], Refused)
    parser = ResponseParser(Limits())
    parser.expect(to_head=False)
    parser.feed(ANSWER.replace(b"X: y", b"Proxy-Connection: close"))
    assert (parser.complete, parser.head.reusable) == (True, False)


@pytest.mark.parametrize(
    "interim",
    [
        b"HTTP/1.0 100 Continue\r\n",
        b"HTTP/1.1 100 Continue\r\nConnection: close\r\n",
        b"HTTP/1.1 199 E\r\nContent-Length: 5\r\n",
    ],
    ids=["of 1.0", "that closes", "with a length"],
)
def test_an_interim_answer_ends_with_its_head(interim):
    """What its fields say is not about the answer after it, in the same segment or in the next."""
    for segments in ([interim + b"\r\n" + ANSWER], [interim + b"\r\n", ANSWER]):
        parser = ResponseParser(Limits())
        parser.expect(to_head=False)
        for segment in segments:
            parser.feed(segment)
        assert (len(parser.interim), parser.head.status, parser.complete) == (1, 200, True)
        assert (b"".join(parser.take()), parser.head.reusable, parser.surplus) == (b"hello", True, False)


def test_any_number_of_upgrades_nobody_grants_are_plain_requests():
    """Upgrades to what is not spoken here go on as requests, however many a segment holds."""
    upgrade = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    parser = requests(upgrade * 1000 + POST)
    assert len(parser.messages) == 1001
    assert all(message.complete for message in parser.messages)


def test_the_end_of_an_unframed_answer_is_the_end_of_its_connection():
    """Without length or chunks the close completes an answer; with a length it breaks it."""
    for head, ends in ((b"Connection: close", True), (b"Content-Length: 9", False)):
        parser = ResponseParser(Limits())
        parser.expect(to_head=False)
        parser.feed(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\nhello")
        assert (parser.complete, parser.end()) == (False, ends)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_the_fuzzer_finds_nothing_in_a_slice(seed):
    """Mutated requests and answers never raise, never mix, and what is accepted parses to the same again."""
    check_requests(seed)
    check_responses(seed)
