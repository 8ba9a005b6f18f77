"""Checkers by name, and their settings."""

import pytest

from compose.drills.checkers.registry import CHECKERS, checker
from compose.drills.verdict import Verdict
from shared.errors import OperatorError
from tests.support.histories import Story


def test_a_name_that_there_is_not_gets_the_nearest_one():
    with pytest.raises(OperatorError, match="did you mean stale-accept"):
        checker("stale-acept")


def test_a_setting_that_there_is_not_gets_the_nearest_one():
    """Or is told that the checker has none."""
    with pytest.raises(OperatorError, match="did you mean failed-at-most"):
        checker("availability").configured("availability", {"failed-at-mots": 1})
    with pytest.raises(OperatorError, match="has none"):
        checker("fault-confirmed").configured("fault-confirmed", {"grace": 1})


def test_a_duration_that_does_not_say_its_clock_is_refused():
    with pytest.raises(OperatorError, match="says its clock"):
        checker("stale-window").configured("stale-window", {"at-most": "15m"})


@pytest.mark.parametrize("name", CHECKERS)
def test_a_history_in_which_nothing_happened_passes_nothing(name, check):
    """A checker whose input was emptied has no opinion."""
    assert check(name, Story()).verdict is Verdict.UNKNOWN
