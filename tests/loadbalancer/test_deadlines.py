"""Whose turn it is, and for how long: one client, one node, and a clock that only the test moves."""

import pytest

from loadbalancer.app import Balancer
from loadbalancer.client import ClientConnection
from loadbalancer.policy import CheckOutcome
from loadbalancer.upstream import UpstreamConnection
from shared.settings import Upstream
from tests.support.balancers import settings_of
from tests.support.wires import Wire

BODY_S, FIRST_BYTE_S, IDLE_S = 10.0, 100.0, 1000.0
PUT = b"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n"
EXPECT = PUT + b"Expect: 100-continue\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Between:
    """The balancer between a client and a node, either without a socket; is their event loop as far as time goes."""

    def __init__(self):
        self.now = 0.0
        balancer = Balancer(
            settings_of([], body_timeout_s=BODY_S, first_byte_timeout_s=FIRST_BYTE_S, idle_timeout_s=IDLE_S)
        )
        node = balancer.fleet.put(Upstream(id="node-1", host="127.0.0.1", port=1), self.now)
        node.checked(CheckOutcome.RUNNING, "running", self.now)
        self.journal, pool = balancer.journal, balancer.path.pool(node)
        self.counters = node.counters
        self.node = UpstreamConnection(pool, balancer.path.limits)
        self.node.connection_made(Wire())
        pool.put(self.node)
        self.client = ClientConnection(balancer.path, balancer.connections, self, proto="http")
        self.wire = Wire()
        self.client.connection_made(self.wire)

    def time(self):
        return self.now

    @property
    def left_s(self):
        return pytest.approx(self.client.deadline - self.now)


@pytest.fixture
def between():
    return Between()


def test_while_a_client_waits_for_100_the_time_is_the_node_s(between):
    """A node that does not say in time whether it wants the body is a 504, not a client that is too slow."""
    between.client.data_received(EXPECT)
    assert between.left_s == FIRST_BYTE_S
    between.client.sweep()
    assert between.wire.written.startswith(b"HTTP/1.1 504 ")


def test_a_late_100_leaves_the_client_all_of_its_time(between):
    """The time for the body begins when the client has been told to send it."""
    between.client.data_received(EXPECT)
    between.now = 50.0
    between.node.data_received(CONTINUE)
    assert between.wire.written == CONTINUE
    assert between.left_s == BODY_S
    between.now += BODY_S - 1
    between.client.data_received(b"x" * 1024)
    assert between.left_s == 1 + 1024 / 256
    between.client.sweep()
    assert between.wire.written.startswith(CONTINUE + b"HTTP/1.1 408 ")


def test_a_client_that_sends_its_body_untold_has_all_of_its_time(between):
    """It may stop waiting for 100 at any moment; from then on it must go on sending."""
    between.client.data_received(EXPECT)
    between.now = 50.0
    between.client.data_received(b"x")
    assert between.left_s == BODY_S
    between.client.sweep()
    assert between.wire.written.startswith(b"HTTP/1.1 408 ")


def test_a_body_on_its_way_keeps_an_answer_that_has_begun(between):
    """A node may answer while it is still being sent the body; only silence in both directions is idle."""
    between.client.data_received(PUT + b"\r\n" + b"x" * 50_000)
    between.node.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    between.now = IDLE_S - 1
    assert between.left_s == 1
    between.client.data_received(b"x")
    assert between.left_s == IDLE_S
