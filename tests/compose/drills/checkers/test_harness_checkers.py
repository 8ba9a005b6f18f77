"""What must hold of the rehearsal itself: the policy clock, the faults, the versions."""

from compose.drills.verdict import Verdict
from tests.support.histories import Story


def test_a_clock_that_goes_on_is_monotonic_and_its_skew_does_not_count(check):
    """A reading has the skew taken off."""
    story = Story()
    story.clock("node-1", says=0)
    story.clock("node-1", says=0, skew=600_000)
    story.policy(minutes=5)
    story.clock("node-1", says=300_000)
    assert check("monotonic-policy-clock", story).verdict is Verdict.PASS


def test_a_process_whose_clock_goes_backwards_fails(check):
    """Another process being behind is no going backwards."""
    story = Story()
    story.clock("node-1", says=1000)
    story.clock("node-2", says=0)
    assert check("monotonic-policy-clock", story).verdict is Verdict.PASS
    story.clock("node-1", says=999)
    found = check("monotonic-policy-clock", story)
    assert found.verdict is Verdict.FAIL
    assert "node-1" in found.evidence[0].text


def test_the_harness_setting_time_back_fails(check):
    story = Story()
    story.policy(ms=1000)
    story.policy(ms=-1)
    assert check("monotonic-policy-clock", story).verdict is Verdict.FAIL


def test_a_jump_that_nobody_told_proves_nothing(check):
    """A record stands at a policy time to which nobody had moved it."""
    story = Story()
    story.clock("node-1", says=0)
    story.policy_ms += 60_000
    story.mark("later")
    found = check("monotonic-policy-clock", story)
    assert found.verdict is Verdict.UNKNOWN
    assert "1 min" in found.summary


def test_nobody_reading_the_clock_says_nothing(check):
    assert check("monotonic-policy-clock", Story()).verdict is Verdict.UNKNOWN


def test_a_fault_that_was_seen_and_met_passes(check):
    story = Story()
    story.login("alice", node="node-1")
    story.fault("crash")
    story.refused("alice", node="node-2")
    assert check("fault-confirmed", story).verdict is Verdict.PASS


def test_a_fault_that_was_not_confirmed_proves_nothing(check):
    story = Story()
    story.login("alice", node="node-1")
    story.fault("crash", confirmed=False)
    story.refused("alice", node="node-2")
    assert check("fault-confirmed", story).verdict is Verdict.UNKNOWN


def test_a_fault_that_never_hit_anything_proves_nothing(check):
    """Neither by its own count nor because nobody was there."""
    for hits, verdict in ((0, Verdict.UNKNOWN), (4, Verdict.PASS)):
        story = Story()
        story.login("alice", node="node-1")
        story.fault("cut", kind="link.cut", target="node-1->postgres")
        story.ask("alice")
        story.heal("cut", kind="link.cut", target="node-1->postgres", hits=hits)
        assert check("fault-confirmed", story).verdict is verdict
    story = Story()
    story.login("alice", node="node-1")
    story.fault("cut", kind="link.cut", target="node-3->postgres")
    story.ask("alice")
    story.heal("cut", kind="link.cut", target="node-3->postgres")
    assert check("fault-confirmed", story).verdict is Verdict.UNKNOWN


def test_of_a_fault_with_two_targets_one_person_met_is_enough(check):
    story = Story()
    story.login("alice", node="node-2")
    story.fault("crash", target="node-2, node-3")
    story.ask("alice", node="node-1")
    assert check("fault-confirmed", story).verdict is Verdict.PASS


def test_no_fault_is_nothing_to_confirm(check):
    assert check("fault-confirmed", Story()).verdict is Verdict.UNKNOWN


def test_nodes_that_say_what_they_are_are_honest(check):
    """9.11 is 9.11.0."""
    story = Story()
    story.node("node-1", "up", version="9.11", says="9.11.0")
    assert check("version-honest", story).verdict is Verdict.PASS


def test_a_node_that_says_another_version_lies(check):
    story = Story()
    story.node("node-1", "up", version="9.10", says="9.11.0")
    found = check("version-honest", story)
    assert found.verdict is Verdict.FAIL
    assert found.evidence[0].node == "node-1"


def test_nodes_that_were_never_asked_are_not_known_to_be_honest(check):
    story = Story()
    story.node("node-1", "down")
    assert check("version-honest", story).verdict is Verdict.UNKNOWN


def test_a_process_that_was_left_behind_makes_policy_time_doubtful(check):
    """Unless it was paused, or had caught up when it was read next."""
    for paused, says, verdict in ((False, 0, "unknown"), (True, 0, "pass"), (False, 16 * 60_000, "pass")):
        story = Story()
        if paused:
            story.node("node-2", "paused")
        story.clock("node-2", says=0)
        story.policy(minutes=16, late=("node-2",))
        story.clock("node-2", says=says)
        assert check("monotonic-policy-clock", story).verdict == verdict


def test_a_process_that_was_late_and_not_read_again_is_left_behind(check):
    story = Story()
    story.policy(minutes=16, late=("node-2",))
    assert check("monotonic-policy-clock", story).verdict is Verdict.UNKNOWN


def test_a_node_that_is_up_and_silent_is_not_known_to_be_honest(check):
    story = Story()
    story.node("node-1", "up", says="9.11")
    story.node("node-3", "up", says=None)
    found = check("version-honest", story)
    assert (found.verdict, found.evidence[0].node) == (Verdict.UNKNOWN, "node-3")
    story.node("node-2", "up", says="9.10")
    assert check("version-honest", story).verdict is Verdict.FAIL


def test_what_was_sent_after_the_heal_has_not_met_the_fault(check):
    """But for the balancer's restart, which is over when it is seen."""
    for kind, verdict in (("node.hang", Verdict.UNKNOWN), ("stickiness.lost", Verdict.PASS)):
        story = Story()
        story.fault("hang", kind=kind, target="node-2")
        story.heal("hang", kind=kind, target="node-2")
        story.login("alice", node="node-2")
        assert check("fault-confirmed", story).verdict is verdict
