"""What every test here needs: an engine, and at the end an engine with nothing of ours in it."""

import pytest

from tests.support.engine import left_in_engine
from tests.support.requirements import require


@pytest.fixture
def engine():
    """Skips where there is none."""
    require("docker")


@pytest.fixture
async def nothing_left(engine):
    """Whatever the test makes in the engine is gone after it."""
    before = await left_in_engine()
    yield
    assert await left_in_engine() == before
