"""A request's body on its way to a node."""

from loadbalancer.head import read_request
from loadbalancer.parser import IncomingRequest
from loadbalancer.request_body import RequestBody


def chunked_request(*pieces, complete=False):
    fields = [(b"Host", b"a"), (b"Transfer-Encoding", b"chunked")]
    request = IncomingRequest(read_request(b"PUT", b"/", "1.1", fields))
    request.pieces = list(pieces)
    request.complete = complete
    return request


def test_pieces_are_sent_once_and_the_end_once():
    """Each piece goes out when it has come, the end when it is known, and nothing twice."""
    request = chunked_request(b"ab", b"c")
    body = RequestBody(request, replay_bytes=100)
    assert body.from_the_start() == b"3\r\nabc\r\n"
    assert body.more() == b""
    request.pieces.append(b"de")
    request.complete = True
    assert (body.more(), body.sent) == (b"2\r\nde\r\n0\r\n\r\n", True)
    assert body.more() == b""


def test_another_node_gets_it_from_the_start():
    """What one node had is sent to the next one together with what has come since."""
    request = chunked_request(b"ab")
    body = RequestBody(request, replay_bytes=100)
    body.from_the_start()
    request.pieces.append(b"cd")
    assert body.from_the_start() == b"4\r\nabcd\r\n"
    assert body.replayable


def test_a_large_body_is_not_kept():
    """Beyond the limit nothing is held, and the body says that it cannot be sent again."""
    request = chunked_request(b"x" * 101)
    body = RequestBody(request, replay_bytes=100)
    assert body.replayable
    assert len(body.from_the_start()) > 101
    assert not body.replayable
