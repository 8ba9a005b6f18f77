"""The drills that come with dcsim: every one is well written, and passes when it is run for real."""

import pytest

from compose.drills.catalog import catalog
from compose.drills.scenario.check import require_good
from compose.drills.scenario.load import load_drill
from tests.support.drill_runs import LONGEST_S, run_for_real

NUMBERS = {*range(1, 22), 23, 24}
LINES_MAX = 60
FAST = ("d01", "d03", "d10", "d12", "d24")
"""Run with every run of the tests; the others with `pytest -m soak`."""


def number_of(name):
    return int(name[1:3])


def to_be_run():
    for name in catalog():
        marks = [] if name[:3] in FAST else [pytest.mark.soak]
        yield pytest.param(name, id=name, marks=[*marks, pytest.mark.timeout(LONGEST_S + 60)])


def test_every_drill_is_there_once():
    """D22 is the invalidation demonstration, a command of its own."""
    assert sorted(number_of(name) for name in catalog()) == sorted(NUMBERS)


@pytest.mark.parametrize("name", list(catalog()))
def test_a_drill_is_well_written(name):
    """Nothing that lint could say, at most sixty lines, and a question that ends in a question mark."""
    path = catalog()[name]
    loaded = load_drill(path)
    require_good(loaded)
    assert len(path.read_text().splitlines()) <= LINES_MAX
    assert loaded.drill.question.strip().endswith("?")
    assert loaded.drill.teaches.strip()


@pytest.mark.parametrize("name", list(to_be_run()))
async def test_a_drill_passes_when_it_is_run(name, stores, tmp_path):
    """Exit 0, an answer without a gap, and a report that fits into a mail. The fast ones break no store, and need none
    of their own."""
    urls = ("--postgres-url", stores.postgres_url, "--redis-url", stores.redis_url)
    run = await run_for_real(tmp_path, name, *(urls if name.startswith(FAST) else ()))
    assert run.code == 0, run.said
    assert run.judgement.verdict == "pass"
    assert run.judgement.problems == ()
    assert run.judgement.answer
    assert "unknown" not in run.judgement.answer
    assert (run.folder.path / "report.html").stat().st_size <= 3 * 2**20
