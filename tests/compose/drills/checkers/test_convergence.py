"""`convergence`: after the last heal the caches agree with the database."""

import pytest

from compose.drills.verdict import Verdict
from tests.support.histories import Story


def healed():
    story = Story()
    story.login("alice", node="node-2")
    story.fault("cut", kind="link.cut", target="node-2->redis")
    story.act("alice")
    story.ask("alice")
    story.heal("cut", kind="link.cut", target="node-2->redis")
    return story


def test_agreeing_at_the_end_passes_whatever_was_before(check):
    """A reading during the fault counts for nothing."""
    story = healed()
    story.reading("caches.divergent", 3)
    story.reading("caches.divergent", 0)
    assert check("convergence", story).verdict is Verdict.PASS


def test_divergent_caches_at_the_end_fail(check):
    story = healed()
    story.reading("caches.divergent", 0)
    story.reading("caches.divergent", 1)
    assert check("convergence", story).verdict is Verdict.FAIL


def test_somebody_still_let_in_after_the_grace_fails_although_the_probe_is_content(check):
    for grace, verdict in (("500ms", Verdict.FAIL), ("2s", Verdict.PASS)):
        story = healed()
        story.ask("alice")
        story.reading("caches.divergent", 0)
        assert check("convergence", story, grace={"real": grace}).verdict is verdict


@pytest.mark.parametrize("value", ["not read", None])
def test_without_a_reading_afterwards_nothing_is_known(value, check):
    story = healed()
    if value is None:
        story.reading("caches.divergent", None, error="nobody answers")
    assert check("convergence", story).verdict is Verdict.UNKNOWN


def test_a_fault_that_was_never_healed_leaves_nothing_to_converge(check):
    story = Story()
    story.fault("cut")
    story.reading("caches.divergent", 0)
    assert check("convergence", story).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("readings", "verdict"),
    [
        ([("", 3), ("node-1", 0)], Verdict.FAIL),
        ([("", 0), ("node-1", 3)], Verdict.FAIL),
        ([("node-1", 3), ("", 0)], Verdict.PASS),
        ([("node-1", 0)], Verdict.UNKNOWN),
        ([("node-1", 0), ("node-2", None), ("node-3", 0)], Verdict.UNKNOWN),
        ([("node-1", 0), ("node-2", 0), ("node-3", 0)], Verdict.PASS),
        ([("node-1", 0), ("node-2", 1), ("node-3", 0)], Verdict.FAIL),
    ],
)
def test_a_reading_of_one_node_speaks_for_that_node_alone(readings, verdict, check):
    """Only a later reading of all makes up for what one node said, and never the other way round."""
    story = healed()
    for node, value in readings:
        story.reading("caches.divergent", value, **({"node": node} if node else {}))
    assert check("convergence", story).verdict is verdict
