"""What the tests of checkers share."""

import pytest

from compose.drills.case.case import Case
from compose.drills.case.scope import whole_run
from compose.drills.checkers.registry import run_checker


@pytest.fixture
def check():
    """A checker by its name on a story, with its settings as a drill's file has them."""

    def run(name, story, **settings):
        return run_checker(name, whole_run(Case(story.history())), settings)

    return run
