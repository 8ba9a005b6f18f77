"""Printing a query and reading it back."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from node.issues.jql.errors import JqlError
from node.issues.jql.parser import parse
from node.issues.jql.printing import to_jql
from node.issues.search import SearchRequest, search
from tests.node.issues.jql.strategies import WORDS, junk, queries
from tests.support.issues import scope


@settings(max_examples=300)
@given(queries)
def test_round_trip(query):
    """What is printed parses to the very same clauses."""
    assert parse(to_jql(query)) == query


def test_as_people_would_write_it():
    """Groups keep their parentheses, everything else goes without."""
    text = "type = Bug and (status = Closed or not votes >= 3) order by key, created desc"
    assert to_jql(parse(text)) == (
        '"type" = "Bug" AND ("status" = "Closed" OR NOT "votes" >= 3) ORDER BY "key", "created" DESC'
    )


@given(junk)
def test_only_jql_errors(text):
    """Whatever is typed, the answer is a page or a JqlError with at least one message."""
    assert answer(text, validate=True)


@given(junk, st.booleans())
def test_only_jql_errors_without_validation(text, anonymous):
    """The same holds when the query is not validated, and for anonymous viewers."""
    assert answer(text, validate=False, viewer=None if anonymous else "alice")


def test_ten_thousand_random_queries():
    """Ten thousand random word sequences raise nothing else; some of them are queries."""
    chance = random.Random(20260302)
    texts = (" ".join(chance.choices(WORDS, k=chance.randint(1, 12))) for _ in range(10_000))
    answers = [answer(text, validate=False) for text in texts]
    assert all(answers)
    assert True in answers


def answer(text, *, validate, viewer="alice"):
    """True for a page, the messages of the JqlError otherwise; any other exception fails the test."""
    try:
        search(SearchRequest(text, validate=validate), scope(viewer))
    except JqlError as error:
        return error.messages
    return True
