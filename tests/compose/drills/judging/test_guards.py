"""Guards: what makes a run unknown, or fail, whatever its expectations say. Each sabotage costs the pass."""

import pytest

from compose.drills.history.history import History
from compose.drills.history.records import Closed, Completion, Invoke, Mark, Opened
from compose.drills.judging import judge_run
from compose.drills.scenario.drill import ONLY
from compose.drills.verdict import Verdict
from tests.support.drills import a_drill, judged
from tests.support.histories import Story

HYPOTHESIS = {"title": "All is well", "probes": [{"probe": "nodes.up", "tolerance": 3}]}
CRASH = {"method": [{"fault": {"inject": "node.crash", "target": "node-1", "as": "crash"}}]}


def a_run(*, up=3, crash=True, closed=True, **opened):
    """Alice is asked about before and after a crash of her node."""
    story = Story(**opened)
    for node in ("node-1", "node-2", "node-3"):
        story.node(node, "up", says="9.11.0")
    story.mark("setup")
    story.login("alice")
    story.mark("setup:end")
    if up is not None:
        story.reading("nodes.up", up)
    story.mark("method")
    if crash:
        story.fault("crash")
        story.node("node-1", "down", cause="node.crash")
    story.refused("alice", node="node-2")
    if crash:
        story.heal("crash")
    story.mark("method:end")
    if closed:
        story.close()
    return story


def guards(story, **more):
    return {one.id: one.verdict for one in judged(story, **more).guards}


def whole(story, **more):
    return judged(story, {"always": {"event": "request"}}, **more).verdict


def test_a_run_without_anything_wrong_passes_every_guard():
    found = guards(a_run(), steady_state_hypothesis=HYPOTHESIS, **CRASH)
    assert set(found.values()) == {Verdict.PASS}
    assert set(found) == {
        "of-this-drill",
        "history-complete",
        "as-planned",
        "steady-state",
        "faults-confirmed",
        "policy-clock-monotonic",
        "versions-honest",
    }
    assert whole(a_run(), steady_state_hypothesis=HYPOTHESIS, **CRASH) is Verdict.PASS


def without(*kinds):
    """The same run, without any record of these kinds."""
    return [record for record in a_run().records if not isinstance(record, kinds)]


@pytest.mark.parametrize("kind", [Opened, Invoke, Closed, Mark])
def test_a_history_with_something_missing_never_passes(kind):
    drill = a_drill({"always": {"event": "request"}}, {"never": {"checker": "spurious-logout"}}, **CRASH)
    assert judge_run({ONLY: drill}, {ONLY: History(without(kind))}).verdict is not Verdict.PASS


def test_answers_missing_are_requests_that_failed():
    """They are no good ones."""
    drill = a_drill({"always": {"checker": "availability"}}, **CRASH)
    assert judge_run({ONLY: drill}, {ONLY: History(without(Completion))}).verdict is Verdict.FAIL


def test_a_request_whose_end_was_not_recorded_is_unknown():
    """Where nobody knows what came of it the history says so; here it says nothing."""
    story = a_run(closed=False)
    story.ask("alice", node="node-2", took=None)
    story.close()
    assert guards(story, **CRASH)["history-complete"] is Verdict.UNKNOWN


@pytest.mark.parametrize("opened", [{"title": "Another drill"}, {"variant": "after"}, {"seed": 2}])
def test_the_history_of_something_else_is_unknown(opened):
    assert guards(a_run(**opened), **CRASH)["of-this-drill"] is Verdict.UNKNOWN
    assert whole(a_run(**opened), **CRASH) is Verdict.UNKNOWN


def test_an_empty_history_is_unknown():
    assert judge_run({ONLY: a_drill()}, {ONLY: History([])}).verdict is Verdict.UNKNOWN


def test_an_interrupted_run_is_unknown():
    story = a_run(closed=False)
    story.close(interrupted=True)
    assert guards(story)["history-complete"] is Verdict.UNKNOWN


def test_what_the_harness_did_not_expect_makes_the_run_unknown_and_is_told():
    story = a_run()
    story.problem("node-2 ended unasked")
    judgement = judge_run({ONLY: a_drill({"always": {"event": "request"}}, **CRASH)}, {ONLY: story.history()})
    assert judgement.verdict is Verdict.UNKNOWN
    assert judgement.problems == ("only: node-2 ended unasked",)


@pytest.mark.parametrize("up", [2, None])
def test_a_steady_state_that_was_not_or_was_not_looked_at_is_unknown(up):
    assert guards(a_run(up=up), steady_state_hypothesis=HYPOTHESIS)["steady-state"] is Verdict.UNKNOWN


def test_a_range_of_tolerance_has_both_its_ends():
    hypothesis = {"title": "All is well", "probes": [{"probe": "nodes.up", "tolerance": [2, 3]}]}
    for up, verdict in ((2, Verdict.PASS), (3, Verdict.PASS), (4, Verdict.UNKNOWN)):
        assert guards(a_run(up=up), steady_state_hypothesis=hypothesis)["steady-state"] is verdict


def test_a_fault_that_the_method_has_and_the_history_has_not_is_unknown():
    assert guards(a_run(crash=False), **CRASH)["faults-confirmed"] is Verdict.UNKNOWN


def test_a_fault_of_another_variant_is_not_waited_for():
    """And without any there is nothing to guard."""
    method = [{"when": ["other"], **CRASH["method"][0]}]
    assert "faults-confirmed" not in guards(a_run(crash=False), method=method)


def test_a_node_that_lies_about_its_version_fails_the_run():
    story = a_run()
    story.node("node-1", "up", version="9.10", says="9.11.0")
    assert whole(story, **CRASH) is Verdict.FAIL


def test_a_variant_that_was_not_run_is_unknown():
    drill = a_drill({"always": {"event": "request"}}, **CRASH)
    judgement = judge_run({"before": drill, "after": drill}, {"before": a_run(variant="before").history()})
    assert [one.verdict for one in judgement.variants] == [Verdict.PASS, Verdict.UNKNOWN]
    assert judgement.verdict is Verdict.UNKNOWN


def test_a_tolerance_may_be_written_as_a_word():
    hypothesis = {"title": "All run", "probes": [{"probe": "nodes.up", "tolerance": "3"}]}
    assert guards(a_run(up=3.0), steady_state_hypothesis=hypothesis)["steady-state"] is Verdict.PASS


def test_what_one_node_says_does_not_show_that_all_were_well():
    story = Story()
    story.reading("sessions", 3)
    story.reading("sessions", 0, node="node-1")
    story.mark("method")
    hypothesis = {"title": "Nobody is there", "probes": [{"probe": "sessions", "tolerance": 0}]}
    assert guards(story, steady_state_hypothesis=hypothesis)["steady-state"] is Verdict.UNKNOWN
