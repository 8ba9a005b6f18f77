"""`stickiness`: moving people is right only when their node is not there for them."""

import pytest

from compose.drills.verdict import Verdict
from shared.contract import RouteReason
from tests.support.histories import Story


def moved(story):
    story.login("alice")
    story.ask("alice")
    return story.refused("alice", node="node-2")


def test_staying_where_one_is_bound_passes(check):
    story = Story()
    story.login("alice")
    story.ask("alice")
    found = check("stickiness", story)
    assert (found.verdict, found.checked) == (Verdict.PASS, 1)


def test_being_answered_by_another_node_while_the_own_one_is_there_fails(check):
    story = Story()
    op = moved(story)
    found = check("stickiness", story)
    assert found.verdict is Verdict.FAIL
    assert found.evidence[0].operations == (op,)


@pytest.mark.parametrize("condition", ["down", "paused", "draining"])
def test_a_node_that_is_down_paused_or_drained_is_a_reason(condition, check):
    story = Story()
    story.node("node-1", condition)
    moved(story)
    assert check("stickiness", story).verdict is Verdict.PASS


def test_a_fault_of_that_node_is_a_reason_and_one_of_another_is_none(check):
    for target, verdict in (("balancer->node-1", Verdict.PASS), ("balancer->node-3", Verdict.FAIL)):
        story = Story()
        story.fault("cut", kind="link.cut", target=target)
        moved(story)
        assert check("stickiness", story).verdict is verdict


def test_a_node_cut_off_the_bus_is_still_there_for_its_people(check):
    story = Story()
    story.fault("cut", kind="link.cut", target="node-1->redis")
    moved(story)
    assert check("stickiness", story).verdict is Verdict.FAIL


def test_lost_stickiness_is_what_is_asked_about_and_no_excuse(check):
    """The session tells where somebody belongs when his route is gone."""
    story = Story()
    story.login("alice")
    story.fault("lost", kind="stickiness.lost", target="balancer")
    story.forget("alice", "bound")
    story.refused("alice", node="node-2", bound=None)
    assert check("stickiness", story).verdict is Verdict.FAIL


def test_the_balancer_may_take_its_time_to_trust_a_node_again(check):
    """For `settle`; later a move is a violation."""
    for settle, verdict in (("30s", Verdict.PASS), ("500ms", Verdict.FAIL)):
        story = Story()
        story.node("node-1", "down")
        story.node("node-1", "up")
        moved(story)
        assert check("stickiness", story, settle={"real": settle}).verdict is verdict


def test_nobody_bound_to_a_node_says_nothing(check):
    story = Story()
    story.failed("alice")
    assert check("stickiness", story).verdict is Verdict.UNKNOWN


def test_a_fault_on_the_bus_and_elsewhere_is_a_reason_for_the_elsewhere(check):
    """One fault on several links: each counts for itself."""
    for target, verdict in (
        ("balancer->node-1, node-1->redis", Verdict.PASS),
        ("node-1->postgres, node-1->redis", Verdict.PASS),
        ("balancer->node-3, node-1->redis", Verdict.FAIL),
    ):
        story = Story()
        story.fault("cut", kind="link.cut", target=target)
        moved(story)
        assert check("stickiness", story).verdict is verdict


@pytest.mark.parametrize(("soft", "verdict"), [(True, Verdict.FAIL), (False, Verdict.PASS)])
def test_a_soft_drain_is_no_reason_to_throw_out_who_is_bound(soft, verdict, check):
    """Whatever the balancer says of it; a hard one is, and so is the stop that follows."""
    story = Story()
    story.node("node-1", "draining", cause="drain", soft=soft)
    story.login("alice")
    story.refused("alice", node="node-2", route=RouteReason.DRAINED)
    for name in ("stickiness", "spurious-logout", "explained-logouts"):
        assert check(name, story).verdict is verdict
    story = Story()
    story.node("node-1", "draining", cause="drain", soft=soft)
    story.login("alice")
    story.node("node-1", "draining", cause="stop")
    story.refused("alice", node="node-2", route=RouteReason.DRAINED)
    for name in ("stickiness", "spurious-logout", "explained-logouts"):
        assert check(name, story).verdict is Verdict.PASS
