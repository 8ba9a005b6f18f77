"""The route cookie: what it says, who can write it, and how it is taken out of a Cookie field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadbalancer.cookie import Route, RouteCookie, _take_with_care, find, take

COOKIE = RouteCookie("secret", name="ROUTEID", attributes="Path=/; HttpOnly")
CLIENT = b"0123456789abcdef"


def test_a_value_says_what_was_written_into_it():
    """Reading is the inverse of writing."""
    route = Route(CLIENT, "node-1")
    assert COOKIE.read(COOKIE.value(route)) == route


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b".",
        b"..",
        b"node-1",
        b"0123456789abcdef.node-2.0000000000000000",
        b"0123456789abcdef.node-1." + b"\xff" * 16,
        RouteCookie("another secret", name="ROUTEID", attributes="").value(Route(CLIENT, "node-1")),
    ],
)
def test_a_value_we_did_not_write_says_nothing(value):
    """A forged or foreign value is nobody's, and never an error."""
    assert COOKIE.read(value) is None


@given(st.binary(max_size=80))
def test_no_bytes_upset_the_reader(value):
    """Any bytes at all are either our own value or nobody's."""
    assert COOKIE.read(value) is None


def test_a_value_moved_to_another_node_is_not_ours():
    """A client cannot choose its node by editing the name in its cookie."""
    assert COOKIE.read(COOKIE.value(Route(CLIENT, "node-1")).replace(b"node-1", b"node-2")) is None


def test_the_line_has_name_value_attributes_and_keeps_caches_out():
    """The cookie is handed over with its attributes, in an answer that shared caches must not keep."""
    assert COOKIE.line(b"v") == b"Set-Cookie: ROUTEID=v; Path=/; HttpOnly\r\nCache-Control: private\r\n"


@pytest.mark.parametrize(
    ("field", "value", "rest"),
    [
        (b"", None, b""),
        (b"a=b", None, b"a=b"),
        (b"ROUTEID=x", b"x", b""),
        (b"ROUTEID=x; a=b", b"x", b"a=b"),
        (b"a=b; ROUTEID=x", b"x", b"a=b"),
        (b"a=b; ROUTEID=x; c=d", b"x", b"a=b; c=d"),
        (b"a=b;ROUTEID=x;c=d", b"x", b"a=b; c=d"),
        (b"ROUTEID=x; ROUTEID=y", b"x", b""),
        (b"XROUTEID=x", None, b"XROUTEID=x"),
        (b"XROUTEID=x; ROUTEID=y", b"y", b"XROUTEID=x"),
        (b"a=ROUTEID=x", None, b"a=ROUTEID=x"),
        (b"routeid=x", None, b"routeid=x"),
        (b"ROUTEID=", b"", b""),
        (b"ROUTEID", None, b"ROUTEID"),
        (b"ROUTEID=a=b", b"a=b", b""),
    ],
)
def test_taking_a_cookie_out(field, value, rest):
    """The cookie is found by its exact name, and the others stay as they are."""
    assert take(field, b"ROUTEID") == (value, rest)
    assert find(field, b"ROUTEID") == value


_PAIRS = st.lists(st.sampled_from([b"ROUTEID=x", b"ROUTEID=", b"a=b", b"XROUTEID=y", b"c", b"d=ROUTEID=z"]), max_size=5)


@given(_PAIRS, st.sampled_from([b"; ", b";", b" ; "]))
def test_the_fast_way_agrees_with_the_careful_one(pairs, separator):
    """Cutting the cookie out by search gives what splitting at every semicolon gives."""
    field = separator.join(pairs)
    fast, careful = take(field, b"ROUTEID"), _take_with_care(field, b"ROUTEID")
    assert fast[0] == careful[0]
    assert fast[1].replace(b" ", b"") == careful[1].replace(b" ", b"")
