"""The balancer's own answers."""

import pytest

from loadbalancer.answers import own_answer
from loadbalancer.head import Limits
from loadbalancer.parser import ResponseParser
from shared.contract import BalancerError, RouteReason


@pytest.mark.parametrize(("status", "retry"), [(400, False), (408, False), (502, False), (503, True), (504, False)])
def test_an_own_answer_is_whole_and_says_why(status, retry):
    """Each is a complete HTTP/1.1 answer with the reason for people and for programs, and closes."""
    raw = own_answer(status, BalancerError.NO_NODE, "nobody is there", reason=RouteReason.NEW)
    parser = ResponseParser(Limits())
    parser.expect(to_head=False)
    parser.feed(raw)
    assert (parser.head.status, parser.complete, parser.surplus, parser.head.reusable) == (status, True, False, False)
    assert b"nobody is there" in b"".join(parser.take())
    assert b"X-Dcsim-Balancer-Error: no-node\r\n" in raw
    assert b"X-Dcsim-Route: new\r\n" in raw
    assert (b"Retry-After: 1\r\n" in raw) == retry


def test_the_answer_to_head_has_no_body():
    """HEAD gets the same head and nothing behind it."""
    assert own_answer(503, BalancerError.NO_NODE, "x", to_head=True).endswith(b"\r\n\r\n")
