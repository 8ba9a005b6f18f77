"""Who may see which issue."""

import pytest

from node.issues.visibility import find_issue, may_see, viewer_with_key, visible_issues
from shared.errors import CallerError
from tests.support.issues import PEOPLE, TRACKER


def hidden_from(username):
    viewer = viewer_with_key(PEOPLE, username)
    return [issue.number for issue in TRACKER.issues if not may_see(issue, viewer)]


@pytest.mark.parametrize(
    ("username", "hidden"),
    [("admin", []), ("carol", [17]), ("dave", [17, 18]), ("ghost", [17, 18, 19, 20]), (None, [17, 18, 19, 20])],
)
def test_levels(username, hidden):
    """Groups see their levels, reporter and assignee their own issues, a deleted account no more than anonymous."""
    assert hidden_from(username) == hidden
    assert len(visible_issues(TRACKER, viewer_with_key(PEOPLE, username))) == 25 - len(hidden)


@pytest.mark.parametrize(
    ("key", "username", "status", "messages"),
    [
        ("TEST-99", "admin", 404, ["Issue Does Not Exist"]),
        ("", None, 404, ["Issue Does Not Exist"]),
        ("TEST-19", None, 401, ["You do not have the permission to see the specified issue.", "Login Required"]),
        ("TEST-17", "dave", 403, ["You do not have the permission to see the specified issue."]),
    ],
)
def test_refusals(key, username, status, messages):
    """No such issue is 404; one that may not be seen is 401 for nobody and 403 for somebody."""
    with pytest.raises(CallerError) as caught:
        find_issue(TRACKER, key, viewer_with_key(PEOPLE, username))
    assert (caught.value.status, caught.value.messages) == (status, messages)


def test_found():
    """Whoever may see it gets it."""
    assert find_issue(TRACKER, "test-3", None).key == "TEST-3"
    assert find_issue(TRACKER, "TEST-18", viewer_with_key(PEOPLE, "carol")).number == 18
