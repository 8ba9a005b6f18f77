"""The steps of a method on two real nodes: in their order, with their marks, and what becomes of those that fail."""

import asyncio
from itertools import pairwise

import pytest

from compose.drills.history.records import Reading, Said
from compose.drills.runner.director import GaveUp
from shared.errors import OperatorError
from tests.compose.drills.crew import crew_on

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINUTE_MS = 60_000


async def test_named_steps_leave_marks_at_both_ends_and_a_mark_of_its_own_comes_last(scene, written):
    """Also those inside others; a step of another variant leaves none."""
    async with crew_on(scene, written, {}, variant="after") as crew:
        await crew.perform(
            {"name": "first", "say": "hello", "mark": "said"},
            {"mark": "alone"},
            {"when": ["before"], "name": "elsewhere", "say": "not here"},
            {
                "when": ["after", "before"],
                "repeat": {"times": 2, "steps": [{"name": "again", "hold": {"real": "1ms"}}]},
            },
        )
    assert crew.marks == ["first", "first:end", "said", "alone", "again", "again:end", "again", "again:end"]
    assert [said.text for said in written.of(Said)] == ["hello"]


async def test_steps_side_by_side_are_both_under_way_at_once(scene, written):
    async with crew_on(scene, written, {}) as crew:
        await crew.perform(
            {"parallel": [{"name": "a", "hold": {"real": "50ms"}}, {"name": "b", "hold": {"real": "50ms"}}]}
        )
    assert crew.marks[:2] == ["a", "b"]
    assert sorted(crew.marks[2:]) == ["a:end", "b:end"]


async def test_a_step_that_fails_ends_those_beside_it(scene, written):
    """Nothing is broken any more once the method is over."""
    give_up = {"wait-until": {"probe": "nodes.up", "at-least": 3, "within": {"real": "10ms"}}}
    delay = {"inject": "link.delay", "target": "node-1->redis", "by": {"real": "5ms"}}
    late = {"repeat": {"times": 1, "steps": [{"name": "on", "hold": {"real": "100ms"}}, {"fault": delay}]}}
    async with crew_on(scene, written, {}) as crew:
        with pytest.raises(GaveUp):
            await crew.perform({"parallel": [give_up, late]})
        await asyncio.sleep(0.2)  # longer than it would have held
    assert (crew.marks, written.phases()) == (["on"], [])


async def test_time_passes_in_steps_and_who_comes_due_acts(scene, written):
    """Each step is told, every process is asked what time it has, and the records carry the new time."""
    async with crew_on(scene, written, {"wallboard": {"mix": "dashboard", "every": {"policy": "2m"}}}) as crew:
        await crew.perform({"advance": {"by": {"policy": "1ms"}}})
        crew.population.begin_rhythms(scene.recorder.policy_ms())
        before = len(crew.history.operations)
        await crew.perform({"advance": {"by": {"policy": "10m"}, "step": {"policy": "4m"}}})
        changes = crew.history.clock_changes[1:]
        assert [change.policy_ms - change.before_ms for change in changes] == [
            4 * MINUTE_MS,
            4 * MINUTE_MS,
            2 * MINUTE_MS,
        ]
        assert len(crew.history.operations) == before + 3
    latest = {reading.process: reading.says_ms for reading in crew.history.clock_readings}
    assert set(latest) == {"node-1", "node-2", "balancer"}
    assert set(latest.values()) == {changes[-1].policy_ms}


async def test_time_passes_to_the_next_deadline_of_anybody(scene, written):
    async with crew_on(scene, written, {"office": {"mix": "reader"}}) as crew:
        await crew.perform({"advance": {"next": True}})
        (change,) = crew.history.clock_changes
    assert 0 < change.policy_ms - change.before_ms <= 15 * MINUTE_MS


async def test_policy_time_runs_and_is_stopped_again(scene, written):
    async with crew_on(scene, written, {}) as crew:
        await crew.perform({"rate": 60}, {"rate": 0})
    assert [change.rate for change in crew.history.clock_changes] == [60, 0]


async def test_a_group_is_dealt_with_one_by_one_over_policy_time(scene, written):
    """In an order that the seed draws; each of the accounts once."""
    async with crew_on(scene, written, {"several": {"users": 4, "mix": "script"}}) as crew:
        await crew.perform({"do": {"act": "rest-end-session", "group": "several", "over": {"policy": "8m"}}})
    acts = [one for one in crew.history.operations if one.invoke.action is not None]
    assert sorted(one.invoke.victim for one in acts) == [f"several-00{n}" for n in range(1, 5)]
    assert [later.invoke.policy_ms - first.invoke.policy_ms for first, later in pairwise(acts)] == [2 * MINUTE_MS] * 3


async def test_faults_and_operators_are_handed_on(scene, written):
    async with crew_on(scene, written, {}) as crew:
        await crew.perform(
            {"fault": {"inject": "link.delay", "target": "node-1->redis", "by": {"real": "5ms"}, "as": "slow"}},
            {"fault": {"clear": "slow"}},
            {"node": {"do": "drain", "target": "node-2"}},
            {"node": {"do": "undrain", "target": "node-2"}},
        )
    assert written.phases("slow") == ["injecting", "confirmed", "healed"]
    assert [(str(change.condition), change.soft) for change in written.nodes] == [("draining", True), ("up", False)]


async def test_what_is_waited_for_is_recorded_once_it_is_there(scene, written):
    """A number, however it is written, a word, or something between two numbers."""
    async with crew_on(scene, written, {}) as crew:
        await crew.perform(
            {"wait-until": {"probe": "nodes.up", "equals": 2}},
            {"wait-until": {"probe": "nodes.state", "where": {"node": "node-1"}, "equals": "RUNNING"}},
            {"wait-until": {"probe": "nodes.up", "equals": "2", "within": {"real": "1ms"}}},
            {"wait-until": {"probe": "nodes.up", "at-least": 1, "at-most": 2}},
        )
    assert [reading.value for reading in crew.history.readings] == [2, "RUNNING", 2, 2]


@pytest.mark.parametrize(
    ("wanted", "seen"),
    [
        ({"probe": "nodes.up", "at-least": 3}, "nodes.up was not as wanted within 0.1 s (real): it is 2"),
        ({"probe": "nodes.state", "at-most": 3}, "nodes.state was not as wanted within 0.1 s (real): it is RUNNING"),
    ],
)
async def test_what_does_not_come_about_is_given_up_with_what_was_seen(scene, written, wanted, seen):
    """The last reading is in the history; nothing after it is done."""
    async with crew_on(scene, written, {}) as crew:
        with pytest.raises(GaveUp) as gave_up:
            await crew.perform(
                {"wait-until": {**wanted, "within": {"real": "100ms"}}, "mark": "reached"}, {"mark": "on"}
            )
    assert seen in str(gave_up.value)
    assert len(written.of(Reading)) == 1
    assert crew.marks == []


async def test_a_step_that_cannot_be_done_ends_the_method(scene, written):
    async with crew_on(scene, written, {"staff": {"mix": "reader"}}) as crew:
        with pytest.raises(OperatorError, match="there is no group 'others' in the traffic; there is staff"):
            await crew.perform({"name": "all of them", "everyone": {"group": "others"}}, {"mark": "on"})
    assert crew.marks == ["all of them"]
