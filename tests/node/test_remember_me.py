"""The remember-me cookie: its form, and what becomes of it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.remember_me import Judgement, RememberMeCookie, hash_secret, judge, new_secret, parse

AGE_MS = 14 * 86_400_000
BORN = 1_000_000_000_000


@dataclass
class Row:
    secret_hash: str
    created_ms: int = BORN


def judged(row, *, secret="s3cret", now_ms=BORN):
    return judge(RememberMeCookie(1, secret), row, max_age_ms=AGE_MS, now_ms=now_ms)


def test_the_cookie_is_an_id_and_a_secret_url_encoded():
    """12345%3A<random> on the wire."""
    assert RememberMeCookie(12345, "abc").value == "12345%3Aabc"
    assert parse("12345%3Aabc") == parse("12345:abc") == RememberMeCookie(12345, "abc")


@pytest.mark.parametrize(
    "value",
    ["", "abc", "12345", ":abc", "12345:", "x:abc", "-1:abc", "1 2:abc", "٣:abc", "9" * 40 + ":abc", f"{2**63}:a"],
)
def test_a_malformed_cookie_counts_as_absent(value):
    """Nothing is judged, nothing is deleted, no error."""
    assert parse(value) is None


@given(st.text())
def test_no_cookie_value_breaks_the_parser(value):
    """Whatever a client sends is a cookie or it is not."""
    cookie = parse(value)
    assert cookie is None or judge(cookie, Row("x"), max_age_ms=1, now_ms=1) is Judgement.WRONG_SECRET


def test_a_token_is_good_up_to_its_last_millisecond():
    """Fourteen days from creation, whatever happened in between; the next millisecond is too late."""
    row = Row(hash_secret("s3cret"))
    assert judged(row, now_ms=BORN + AGE_MS) is Judgement.GOOD
    assert judged(row, now_ms=BORN + AGE_MS + 1) is Judgement.EXPIRED


def test_a_wrong_secret_is_worse_than_none():
    """It costs the cookie and the row it names."""
    assert judged(Row(hash_secret("other"))) is Judgement.WRONG_SECRET
    assert judged(None) is Judgement.UNKNOWN
    assert all(judgement.clears_cookie_and_row for judgement in Judgement if judgement is not Judgement.GOOD)
    assert not Judgement.GOOD.clears_cookie_and_row


def test_only_a_hash_is_stored():
    """Whoever reads the table cannot log in with what stands there."""
    secret = new_secret()
    assert len(secret) == 40
    assert secret not in hash_secret(secret)
    assert judged(Row(hash_secret(secret)), secret=hash_secret(secret)) is Judgement.WRONG_SECRET
