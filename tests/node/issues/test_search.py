"""Search parameters and pages."""

import pytest

from node.issues.jql.errors import JqlError
from node.issues.search import PAGE_MAX, SearchRequest, search
from shared.errors import CallerError
from tests.support.issues import scope


def refusal(make, given):
    with pytest.raises(CallerError) as caught:
        make(given)
    assert caught.value.status == 400
    (message,) = caught.value.messages
    return message


def test_defaults():
    """Nothing asked for is everything visible, fifty to a page, navigable fields, validated."""
    assert SearchRequest.from_query({}) == SearchRequest.from_body({}) == SearchRequest()
    assert SearchRequest.from_body({"jql": None, "startAt": None, "fields": None}) == SearchRequest()


def test_query_and_body_mean_the_same():
    """A GET and a POST with the same parameters are the same request."""
    query = {"jql": "a=1", "startAt": "5", "maxResults": "7", "validateQuery": "False"}
    body = {"jql": "a=1", "startAt": 5, "maxResults": 7, "validateQuery": False, "fields": ["summary", "key, status"]}
    assert SearchRequest.from_query(query, ["summary,key", "status"]) == SearchRequest.from_body(body)


def test_pages_are_bounded():
    """More than a thousand is a thousand; zero asks for the number only."""
    assert SearchRequest.from_query({"maxResults": "999999"}).max_results == PAGE_MAX
    page = search(SearchRequest.from_body({"maxResults": 0}), scope())
    assert (page.total, page.issues) == (25, ())


@pytest.mark.parametrize("name", ["startAt", "maxResults"])
@pytest.mark.parametrize("value", ["-1", "x", "1.5", "", " 1", "9" * 10, "9" * 5000, "٣", "true", "0x1", "1e3"])
def test_garbage_in_a_query(name, value):
    """What is no whole number from 0 up is a 400 that names the parameter."""
    assert f"of '{name}' is not a whole number" in refusal(SearchRequest.from_query, {name: value})


@pytest.mark.parametrize("name", ["startAt", "maxResults"])
@pytest.mark.parametrize("value", [-1, True, 1.0, [], {}, "x"])
def test_garbage_in_a_body(name, value):
    """The same for JSON."""
    assert f"of '{name}' is not a whole number" in refusal(SearchRequest.from_body, {name: value})


def test_numbers_in_a_body_may_be_strings():
    """Clients that quote their numbers are understood, as by Jira."""
    assert SearchRequest.from_body({"startAt": "3"}).start_at == 3


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"jql": 5}, "'jql' must be a string"),
        ({"fields": "summary"}, "'fields' must be an array of strings"),
        ({"fields": [1]}, "'fields' must be an array of strings"),
        ({"validateQuery": "maybe"}, "'validateQuery' is not one of true, strict, false, none, warn"),
    ],
)
def test_wrong_types_in_a_body(body, part):
    """Each member is checked."""
    assert part in refusal(SearchRequest.from_body, body)


@pytest.mark.parametrize(("start_at", "numbers"), [(0, [25, 24]), (1, [24, 23]), (24, [1]), (25, []), (10**8, [])])
def test_pages(start_at, numbers):
    """A page starts where asked and may be short or empty; the total stays."""
    page = search(SearchRequest(start_at=start_at, max_results=2), scope())
    assert [issue.number for issue in page.issues] == numbers
    assert page.total == 25


def test_total_depends_on_the_viewer():
    """Nobody gets fewer issues than somebody, and no error."""
    totals = [search(SearchRequest(), scope(viewer)).total for viewer in ("admin", "dave", None)]
    assert totals == [25, 23, 21]


def test_warnings():
    """Unvalidated, the messages come back as warnings; a query that does not parse is an error all the same."""
    page = search(SearchRequest("foo = 1", validate=False), scope())
    assert page.warnings == ("Field 'foo' does not exist or you do not have permission to view it.",)
    with pytest.raises(JqlError, match="Expecting"):
        search(SearchRequest("foo =", validate=False), scope())
