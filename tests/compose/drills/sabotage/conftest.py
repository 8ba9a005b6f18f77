"""One small drill, run once on real clusters; every sabotage of its records works on a copy."""

from pathlib import Path

import pytest
import pytest_asyncio

from tests.compose.drills.sabotage.stage import stage, written

ORIGINAL = Path(__file__).with_name("original.yaml").read_text(encoding="utf-8")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def original(stores, warm, tmp_path_factory):
    """The drill as it was run, with everything as it should be."""
    folder = tmp_path_factory.mktemp("original")
    async with stage(stores, warm) as play:
        return await play(written(ORIGINAL, folder), folder)


@pytest.fixture
def rewritten(tmp_path):
    """Reads the drill of the original again, with something in its text replaced."""

    def rewritten(old, new):
        assert old in ORIGINAL
        return written(ORIGINAL.replace(old, new), tmp_path)

    return rewritten
