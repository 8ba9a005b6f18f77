"""Who is asking, as a node is told."""

import pytest

from loadbalancer.forwarding import Origin, host_line, trusted_address, trusted_lines
from loadbalancer.head import read_request

ORIGIN = Origin("10.1.1.1", "http", 8090)


def head(*fields):
    return read_request(b"GET", b"/", "1.1", [(b"Host", b"jira.example"), *fields])


def test_an_untrusted_client_is_described_by_its_connection():
    """Address, protocol and port come from the connection, the host from the request."""
    assert ORIGIN.lines() == b"X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Port: 8090\r\n"
    assert host_line(head()) == b"X-Forwarded-Host: jira.example\r\n"


def test_a_trusted_proxy_is_continued_and_completed():
    """Its chain gets our peer appended, its words are kept, what it did not say is filled in."""
    lines = trusted_lines(
        head((b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2"), (b"X-Forwarded-Proto", b"https")),
        ORIGIN,
    )
    assert sorted(lines.splitlines()) == [
        b"X-Forwarded-For: 1.1.1.1, 2.2.2.2, 10.1.1.1",
        b"X-Forwarded-Host: jira.example",
        b"X-Forwarded-Port: 8090",
        b"X-Forwarded-Proto: https",
    ]


@pytest.mark.parametrize(
    ("chain", "address"),
    [
        ([], "10.1.1.1"),
        ([b"1.1.1.1"], "1.1.1.1"),
        ([b"6.6.6.6, 1.1.1.1"], "1.1.1.1"),
        ([b"6.6.6.6", b"2.2.2.2"], "2.2.2.2"),
        ([b""], "10.1.1.1"),
    ],
)
def test_the_address_a_trusted_proxy_saw(chain, address):
    """It is the last one of the chain: those before it were written by others."""
    assert trusted_address(head(*((b"X-Forwarded-For", one) for one in chain)), ORIGIN) == address
