"""Bytes to messages: whatever the segments, whatever the bytes."""

from hypothesis import given, settings
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
