"""Reading the cookies of a request: one without parsing the others, or all of them, and always in the order sent."""

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from node.cookies import cookie_pairs, cookie_reader

NAMES = st.sampled_from(["JSESSIONID", "atlassian.xsrf.token", "seraph.rememberme.cookie", "a", "ID", "jsessionid"])
VALUES = st.text("abcXYZ0189.%_-=/:|", max_size=12) | st.just('"quoted; value"') | st.just('""')
PAIRS = st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["; ", ";", " ;  "])), max_size=6)


def asked(header):
    return make_mocked_request("GET", "/", headers={} if header is None else {"Cookie": header})


@given(PAIRS)
def test_every_value_is_found_in_the_order_sent(pairs):
    """Whatever else the field holds. A browser sends the cookie of the longer path first, so the order says whose it
    is; aiohttp's own parser keeps only the last."""
    header = "".join(f"{name}={value}{end}" for name, value, end in pairs)
    sent = [(name, value.strip('"')) for name, value, _ in pairs]
    assert cookie_pairs(header) == sent
    for wanted in ("JSESSIONID", "atlassian.xsrf.token", "ID"):
        assert list(cookie_reader(wanted)(asked(header))) == [value for name, value in sent if name == wanted]


@given(st.lists(st.tuples(NAMES, VALUES), max_size=6, unique_by=lambda pair: pair[0]))
def test_where_no_name_comes_twice_it_agrees_with_aiohttp(pairs):
    """Which takes far more for a cookie than a browser would send."""
    header = "; ".join(f"{name}={value}" for name, value in pairs)
    assert dict(cookie_pairs(header)) == asked(header).cookies


@pytest.mark.parametrize(
    ("header", "values"),
    [
        (None, []),
        ("", []),
        ("JSESSIONID", []),
        ("JSESSIONID=", [""]),
        ("XJSESSIONID=1; JSESSIONID=2", ["2"]),
        ("other=JSESSIONID=1", []),
        ('a="x;y"; JSESSIONID=2', ["2"]),
        ('a="x; JSESSIONID=1"; JSESSIONID="2"', ["2"]),
        ('a="x; JSESSIONID=2', ["2"]),
        (r'JSESSIONID="a\"b;"', ['a"b;']),
        ("JSESSIONID=1 ; JSESSIONID=2 ", ["1", "2"]),
    ],
)
def test_headers_people_send(header, values):
    """Absent, empty, looking like another one, behind or inside a quoted one, twice."""
    assert list(cookie_reader("JSESSIONID")(asked(header))) == values
