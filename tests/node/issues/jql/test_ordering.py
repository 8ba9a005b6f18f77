"""ORDER BY."""

import pytest

from tests.support.issues import TRACKER, in_order


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("type = Epic", [9, 1]),
        ("type = Epic order by key", [1, 9]),
        ("type = Epic order by KEY desc", [9, 1]),
        ("key < TEST-5 order by priority", [2, 1, 3, 4]),
        ("key < TEST-5 order by priority asc", [4, 3, 1, 2]),
        ("key > TEST-20 order by priority asc", [23, 24, 21, 25, 22]),
        ("key > TEST-20 order by priority", [25, 22, 21, 24, 23]),
        ("due is not empty order by due asc", [8, 10, 18, 3, 15, 11]),
        ("key < TEST-5 order by created", [3, 4, 2, 1]),
        ("key < TEST-5 order by created asc", [1, 2, 4, 3]),
        ("type = Sub-task order by assignee, key", [16, 5, 6]),
        ("key > TEST-20 order by assignee", [24, 23, 25, 22, 21]),
        ("type = Story order by status asc, votes desc", [7, 15, 23]),
        ("type = Epic order by summary", [1, 9]),
        ("key <= TEST-4 order by labels, key", [4, 3, 1, 2]),
        ("key <= TEST-4 order by component, fixVersion", [2, 4, 1, 3]),
        ("level is not empty order by level, key", [17, 18, 19, 20]),
        ("key in (TEST-1, TEST-2, TEST-4) order by resolution, key", [2, 4, 1]),
        ("key in (TEST-1, TEST-2) order by updated desc", [1, 2]),
        ("key in (TEST-2, TEST-4, TEST-1) order by resolved asc, description asc", [2, 4, 1]),
        ("key <= TEST-3 order by reporter", [1, 3, 2]),
        ("key <= TEST-3 order by creator desc, project, type", [2, 3, 1]),
        ("key <= TEST-3 order by statusCategory, description asc", [3, 2, 1]),
    ],
)
def test_order(jql, expected):
    """Fields in turn, each in its own direction unless one is given; the empty last upwards; then newest key first."""
    assert in_order(jql) == expected


def test_default_order():
    """Without ORDER BY the newest key comes first."""
    assert in_order("") == sorted((issue.number for issue in TRACKER.issues), reverse=True)
