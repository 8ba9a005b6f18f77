"""What `~` finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.issues.jql.text_match import parse_text

TEXT = "Müller's umlaut survives a round-trip: äöü ß 日本"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("umlaut", True),
        ("UMLAUT müller", True),
        ("umlaut missing", False),
        ("uml", False),
        ("uml*", True),
        ("um?aut", True),
        ("um?ut", False),
        ('"survives a round"', True),
        ('"a survives"', False),
        ('"round trip" umlaut', True),
        ("round-trip", True),
        ("trip-round", False),
        ("日本", True),
        ("SS", True),
        ("--", False),
        ('"', False),
        ("[a-z]mlaut", False),
        ("*", True),
    ],
)
def test_matches(query, expected):
    """Words in any case and order, phrases in order, wildcards within a word, punctuation ignored."""
    assert parse_text(query).matches(TEXT) is expected


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text(query, text):
    """No query breaks on any text, and a text with a word in it finds itself."""
    parse_text(query).matches(text)
    itself = parse_text(text)
    assert itself.matches(text) or not itself.terms or any(sign in text for sign in '*?"')
