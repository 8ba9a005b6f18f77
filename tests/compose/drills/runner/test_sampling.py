"""Which probes a drill has read, and that they are read while the method runs and no longer."""

import asyncio

import pytest

from compose.drills.history.records import Reading
from compose.drills.runner import sampling
from compose.drills.runner.sampling import Wanted, wanted_probes
from tests.support.drills import a_drill
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
UP = {"probe": "nodes.up", "equals": 2}


async def test_what_is_looked_at_once_at_the_end_is_not_read_before():
    """And each probe once, however many expectations are about it; metrics and events need none."""
    here = {"probe": "sessions", "where": {"node": "node-1"}, "equals": 0}
    drill = a_drill({"always": UP}, {"never": UP}, {"at-end": here}, {"always": {"event": "request"}})
    wanted = Wanted("sessions", (("node", "node-1"),))
    assert wanted_probes(drill, during=True) == [Wanted("nodes.up")]
    assert wanted_probes(drill, during=False) == [Wanted("nodes.up"), wanted]


async def test_probes_are_read_again_and_again_for_the_length_of_the_block(scene, written, monkeypatch):
    monkeypatch.setattr(sampling, "EVERY_S", 0.01)
    async with sampling.sampling(scene, [Wanted("nodes.up"), Wanted("sessions", (("node", "node-1"),))]):
        await eventually(lambda: len(written.of(Reading)) >= 6)
    readings = written.of(Reading)
    assert {(reading.probe, reading.where.get("node")) for reading in readings} == {
        ("nodes.up", None),
        ("sessions", "node-1"),
    }
    await asyncio.sleep(0)
    assert len(written.of(Reading)) == len(readings)


async def test_nothing_to_read_reads_nothing(scene, written):
    async with sampling.sampling(scene, []):
        await asyncio.sleep(0)
    assert written.of(Reading) == []


async def test_a_node_that_is_no_more_is_a_reading_that_could_not_be_taken(scene, written, monkeypatch):
    """The drill could ask for it when it began; a rolling restart has put another in its place."""
    monkeypatch.setattr(sampling, "EVERY_S", 0.01)
    async with sampling.sampling(scene, [Wanted("sessions", (("node", "node-7"),)), Wanted("nodes.up")]):
        await eventually(lambda: len(written.of(Reading)) >= 4)
    gone, other, *_ = written.of(Reading)
    assert (gone.value, other.value) == (None, 2)
    assert "there is no node 'node-7'" in gone.error
