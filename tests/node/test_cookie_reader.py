"""Reading one cookie without parsing the others: the same answer as aiohttp's full parser."""

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from node.cookies import cookie_reader

NAMES = st.sampled_from(["JSESSIONID", "atlassian.xsrf.token", "seraph.rememberme.cookie", "a", "ID", "jsessionid"])
VALUES = st.text("abcXYZ0189.%_-=/:|", max_size=12) | st.just('"quoted; value"') | st.just('""')
PAIRS = st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["; ", ";", " ;  "])), max_size=6)


def asked(header):
    return make_mocked_request("GET", "/", headers={} if header is None else {"Cookie": header})


@given(PAIRS)
def test_it_agrees_with_the_full_parser(pairs):
    """Whatever else the header holds, and for a cookie that comes twice."""
    header = "".join(f"{name}={value}{end}" for name, value, end in pairs)
    for name in ("JSESSIONID", "atlassian.xsrf.token", "ID"):
        assert cookie_reader(name)(asked(header)) == asked(header).cookies.get(name)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (None, None),
        ("", None),
        ("JSESSIONID", None),
        ("JSESSIONID=", ""),
        ("XJSESSIONID=1; JSESSIONID=2", "2"),
        ("other=JSESSIONID=1", None),
        ('a="x;y"; JSESSIONID=2', "2"),
        ("JSESSIONID=1; JSESSIONID=2", "2"),
    ],
)
def test_headers_people_send(header, value):
    """Absent, empty, looking like another one, behind a quoted one, twice."""
    assert cookie_reader("JSESSIONID")(asked(header)) == value
