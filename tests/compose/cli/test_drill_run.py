"""`dcsim drill run` around the runs: what is written when a drill cannot be run."""

from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring

from compose.cli import drill_run
from compose.drills.catalog import catalog
from compose.drills.runner.run import RunOptions
from compose.drills.scenario.load import load_drill
from shared.errors import EXIT_BROKEN, HarnessError


@asynccontextmanager
async def no_ground(*_options, **_more):
    yield None


async def cannot(*_order):
    raise HarnessError("node-1 does not start")


@pytest.fixture
def orders(tmp_path, monkeypatch):
    monkeypatch.setattr(drill_run, "open_drill_ground", no_ground)
    monkeypatch.setattr(drill_run, "run_drill", cannot)
    drills = [load_drill(Path(path)) for path in list(catalog().values())[:2]]
    return [drill_run.Order(drill, RunOptions(runs=tmp_path / "runs")) for drill in drills]


def suites(junit):
    return [(suite.get("name"), suite.get("errors")) for suite in fromstring(junit.read_text())]


def test_drills_that_cannot_be_run_stand_in_the_files_for_machines(orders, tmp_path, capsys):
    """Each is a suite with an error and a line of the table; nobody takes what is left for all there was."""
    junit = tmp_path / "junit.xml"
    assert drill_run.run_drills(orders, junit=junit, as_json=False) == EXIT_BROKEN
    expected = [(order.drill.name, "1") for order in orders]
    assert suites(junit) == suites(tmp_path / "runs" / "junit.xml") == expected
    assert (tmp_path / "runs" / "summary.md").read_text().count("node-1 does not start") == 2
    assert f"error: {orders[1].drill.name}: node-1 does not start" in capsys.readouterr().err


def test_a_single_one_is_written_too_before_its_error_is_raised(orders, tmp_path):
    junit = tmp_path / "junit.xml"
    with pytest.raises(HarnessError, match="node-1 does not start"):
        drill_run.run_drills(orders[:1], junit=junit, as_json=False)
    assert suites(junit) == [(orders[0].drill.name, "1")]
