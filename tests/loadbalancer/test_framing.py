"""Requests built to be misunderstood, sent as raw bytes: refused, or passed on so that nobody can read them otherwise."""

import pytest

from tests.loadbalancer.framing_cases import CASES, SMUGGLED
from tests.support.backends import running_recorder
from tests.support.balancers import read_answer, read_to_end, running_balancer
from tests.support.eventually import eventually

_ADDED = (b"x-forwarded-", b"x-dcsim-", b"via:")


@pytest.fixture(scope="module")
def recorder():
    with running_recorder() as recorder:
        yield recorder


@pytest.fixture(scope="module")
def balancer(recorder):
    with running_balancer([recorder.upstream], health_interval_s=5.0, health_timeout_s=4.0) as balancer:
        yield balancer


def without_added(received):
    """What the node received, without the lines the balancer adds to every request."""
    return b"\r\n".join(line for line in received.split(b"\r\n") if not line.lower().startswith(_ADDED))


def test_there_are_enough_cases_and_no_two_are_named_alike():
    """The suite holds at least a hundred different cases."""
    assert len({case.name for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("case", [case for case in CASES if case.refused], ids=lambda case: case.name)
def test_refused(case, recorder, balancer):
    """An ambiguous request gets its refusal, the connection closes, and no byte of it reaches a node."""
    recorder.forget()
    with balancer.connect() as sock:
        sock.sendall(case.raw)
        status, headers, _ = read_answer(sock)
        assert (status, headers["connection"]) == (case.refused, "close")
        assert headers["x-dcsim-balancer-error"] == "request-refused"
        assert read_to_end(sock) in (b"", b"<reset>")
    assert recorder.received() == b""


@pytest.mark.parametrize("case", [case for case in CASES if not case.refused], ids=lambda case: case.name)
def test_passed_on(case, recorder, balancer):
    """A clear request reaches the node in exactly one form, whatever form it came in."""
    recorder.forget()
    with balancer.connect() as sock:
        sock.sendall(case.raw)
        for _ in range(case.answers):
            assert read_answer(sock)[0] == 200
    assert without_added(recorder.received()) == case.node
    assert SMUGGLED.split()[1] not in recorder.received()


@pytest.mark.parametrize("cut", [1, 7, 17, 25, 60])
def test_a_truncated_request_is_refused(cut, recorder, balancer):
    """A client that ends in the middle of a head or body is told 400, and a node never sees the half."""
    recorder.forget()
    raw = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nonly this much"
    with balancer.connect() as sock:
        sock.sendall(raw[:cut])
        sock.shutdown(1)
        assert read_answer(sock)[0] == 400
    assert recorder.received() == b""


@pytest.mark.parametrize("size", [1, 3, 10])
def test_the_segments_in_which_a_request_arrives_do_not_matter(size, recorder, balancer):
    """A request cut into many small segments means the same as in one piece."""
    recorder.forget()
    raw = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: 1\r\n\r\n"
    with balancer.connect() as sock:
        for start in range(0, len(raw), size):
            sock.sendall(raw[start : start + size])
        assert read_answer(sock)[0] == 200
    assert without_added(recorder.received()).endswith(b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


async def test_a_bad_chunk_after_a_good_head_never_completes_at_the_node(recorder, balancer):
    """A body that turns bad after a node has been asked breaks the node's connection off instead of ending the body."""
    recorder.forget()
    with balancer.connect() as sock:
        sock.sendall(
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n" + b"x" * 0x8000 + b"\r\n"
        )
        await eventually(lambda: b"xxxx" in recorder.received())
        sock.sendall(b"zz\r\n")
        assert read_answer(sock)[0] == 400
    assert not recorder.received().endswith(b"0\r\n\r\n")
