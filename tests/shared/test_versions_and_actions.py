"""Versions, and the table of what each action does on which version."""

import pytest

from shared.actions import MATRIX_ACTIONS, Action, Cell, Reach, expected
from shared.errors import OperatorError
from shared.versions import JIRA_9_10, JIRA_9_11, Version


@pytest.mark.parametrize(
    ("text", "build"), [("8.5.3", 805003), ("10.3.19", 10030019), ("9.10", 9100000), ("9.11.1", 9110001)]
)
def test_build_numbers_follow_public_traces(text, build):
    """Known pairs of version and build number."""
    assert Version.parse(text).build_number == build


def test_versions_are_ordered_by_number_not_by_text():
    """9.9 is older than 9.10, which is older than 10.0."""
    ordered = [Version.parse(text) for text in ("8.20", "9.9.9", "9.10", "9.11", "9.11.1", "10.0")]
    assert sorted([*ordered[3:], *ordered[:3]]) == ordered
    assert [version.build_number for version in ordered] == sorted(version.build_number for version in ordered)


@pytest.mark.parametrize("text", ["", "9", "9.x", "nine", "7.13", "12.0", "9.11-SNAPSHOT", "9.11.1.2", "-9.11"])
def test_a_version_that_is_not_modelled_is_refused_by_name(text):
    """The message repeats what was given, so that the typing error can be seen."""
    with pytest.raises(OperatorError, match="Jira"):
        Version.parse(text)


def test_cluster_wide_invalidation_began_with_9_11():
    """The one line this product is about."""
    assert not JIRA_9_10.invalidates_cluster_wide
    assert not JIRA_9_10.has_rest_end_session
    assert JIRA_9_11.invalidates_cluster_wide
    assert JIRA_9_11.has_rest_end_session


@pytest.mark.parametrize("action", [action for action in MATRIX_ACTIONS if action is not Action.REST_END_SESSION])
def test_the_recovered_table(action):
    """Before 9.11 the acting node only; from 9.11 on every node."""
    assert [expected(action, version, reach) for version in (JIRA_9_10, JIRA_9_11) for reach in Reach] == [
        Cell.YES,
        Cell.NO,
        Cell.YES,
        Cell.YES,
    ]


def test_ending_sessions_by_rest_did_not_exist_before():
    """N/A twice, then yes twice."""
    cells = [expected(Action.REST_END_SESSION, v, reach) for v in (JIRA_9_10, JIRA_9_11) for reach in Reach]
    assert cells == [Cell.NOT_AVAILABLE, Cell.NOT_AVAILABLE, Cell.YES, Cell.YES]
