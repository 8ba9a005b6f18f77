"""Which of a machine's addresses is meant."""

import socket

import pytest

from shared.addresses import own_address, reachable_address
from shared.errors import OperatorError
from shared.serving import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "node-1.front"])
def test_an_address_or_a_name_is_itself(host):
    assert own_address(host) == host


@pytest.mark.parametrize("network", ["127.0.0.0/8", "127.0.0.1/32", "127.0.0.99/24"])
def test_a_network_is_the_own_address_in_it(network):
    """And listening in it is listening there."""
    assert own_address(network) == "127.0.0.1"
    with listen(network, 0) as sock:
        assert sock.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("203.0.113.0/24", "this machine has no address in 203.0.113.0/24"),
        ("front/24", "front/24 is no network to listen"),
    ],
)
def test_a_network_this_machine_is_not_in_is_refused(network, words):
    """Listening everywhere instead would open what was meant to be closed."""
    with pytest.raises(OperatorError, match=words):
        own_address(network)


def test_who_listens_everywhere_is_reached_at_an_address_of_its_own():
    """One that can be bound, and is not the wildcard."""
    found = reachable_address("0.0.0.0")

    assert found != "0.0.0.0"
    with socket.socket() as sock:
        sock.bind((found, 0))


def test_without_a_default_route_the_own_name_counts(monkeypatch):
    """A container on internal networks only."""
    monkeypatch.setattr("shared.addresses._source_address", lambda towards: None)
    monkeypatch.setattr(socket, "gethostname", lambda: "here")
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("127.0.1.1", 0)), (0, 0, 0, "", ("10.0.0.5", 0))]
    )

    assert reachable_address("0.0.0.0") == "10.0.0.5"
