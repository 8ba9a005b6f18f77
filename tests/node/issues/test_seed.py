"""The project TEST that every new cluster has."""

import pytest

from node.issues.seed import seed_tracker
from shared.accounts import ADMINISTRATORS, SEED_KEYS, SEED_USERS, USERS
from tests.support.issues import NOW_MS, TRACKER, USER_KEYS


def test_size_and_the_issue_of_the_tutorial():
    """There are 25 issues without gaps, and TEST-3 is one everybody sees."""
    assert [issue.key for issue in TRACKER.issues] == [f"TEST-{number}" for number in range(1, 26)]
    assert TRACKER.find("TEST-3").security is None


@pytest.mark.parametrize(
    "attribute", ["types", "statuses", "priorities", "resolutions", "components", "fix_versions", "levels"]
)
def test_everything_defined_is_used(attribute):
    """Each type, status, priority and so on occurs in some issue, so every query has something to find."""
    singular = {"types": "type", "statuses": "status", "priorities": "priority", "levels": "security"}
    name = singular.get(attribute, attribute.rstrip("s") if attribute == "resolutions" else attribute)
    used = set()
    for issue in TRACKER.issues:
        value = getattr(issue, name)
        used |= set(value) if isinstance(value, tuple) else {value}
    assert set(getattr(TRACKER, attribute)) <= used


def test_consistency():
    """People exist, times run forwards, resolved issues are done, sub-tasks have a parent, levels name real groups."""
    users = {user.username for user in SEED_USERS}
    for issue in TRACKER.issues:
        assert {issue.reporter, issue.creator, issue.assignee or "admin"} <= users
        assert issue.created_ms <= issue.updated_ms <= NOW_MS
        assert (issue.resolution is not None) == (issue.status.category.key == "done")
        assert (issue.parent is not None) == issue.type.subtask
        assert issue.parent is None or TRACKER.find(issue.parent)
        assert issue.security is None or issue.security.groups <= {ADMINISTRATORS, USERS}


def test_same_base_same_tracker():
    """Two nodes that count from the same moment have the same issues."""
    assert seed_tracker(NOW_MS, USER_KEYS) == TRACKER
    assert seed_tracker(NOW_MS + 1, USER_KEYS) != TRACKER


def test_users_stand_in_it_by_key():
    """Assignees, reporters, authors and leads are the keys of the mapping, so renaming a user changes no issue."""
    tracker = seed_tracker(NOW_MS, SEED_KEYS)
    issue = tracker.find("TEST-3")
    assert (issue.reporter, issue.assignee) == (SEED_KEYS["alice"], SEED_KEYS["bob"])
    assert issue.comments[0].author == SEED_KEYS["alice"]
    assert issue.project.lead == SEED_KEYS["admin"]
