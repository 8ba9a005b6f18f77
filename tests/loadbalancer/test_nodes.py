"""A node's two axes as time, checks, failures and the operator move them."""

import pytest

from loadbalancer.nodes import Node, NodeRules, Roster
from loadbalancer.policy import CheckOutcome, CheckRules, Health, Wish
from shared.settings import Upstream

UP, DOWN = CheckOutcome.RUNNING, CheckOutcome.FAILED


def node(node_id="node-1", **rules):
    return Node(Upstream(id=node_id, host="127.0.0.1", port=1), NodeRules(CheckRules(fall=1, rise=1), **rules), now=0.0)


def up(node_id="node-1", **rules):
    one = node(node_id, **rules)
    one.checked(UP, "ok", 0.0)
    return one


def test_a_node_serves_nobody_before_its_first_check():
    """Unknown is not up."""
    one = node()
    assert (one.health, one.admission.new) == (Health.UNKNOWN, False)
    one.checked(UP, "ok", 0.0)
    assert (one.health, one.admission.new) == (Health.UP, True)


def test_failures_in_a_row_eject_and_time_brings_back():
    """Passive ejection lasts its time, and twice as long the next time."""
    one = up(passive_failures=2, ejection_s=1.0, ejection_max_s=30.0)
    for start, lasts_s in ((10.0, 1.0), (20.0, 2.0), (30.0, 4.0)):
        one.failed(start, may_eject=True)
        assert one.health is Health.UP
        one.failed(start, may_eject=True)
        assert one.health is Health.EJECTED
        one.settle(start + lasts_s - 0.1)
        assert one.health is Health.EJECTED
        one.settle(start + lasts_s)
        assert one.health is Health.UP


def test_a_restart_that_the_checks_saw_ends_an_ejection():
    """A node that went down and came up again is not held to the failures of its former life."""
    one = up(passive_failures=1, ejection_s=20.0)
    one.failed(1.0, may_eject=True)
    one.checked(DOWN, "no", 2.0)
    one.checked(UP, "ok", 3.0)
    assert one.health is Health.UP
    one.failed(4.0, may_eject=True)
    one.settle(4.0 + 20.0)
    assert one.health is Health.UP


def test_a_long_good_time_makes_the_next_ejection_short_again():
    """The doubling is forgotten once a node has been in for longer than the longest ejection."""
    one = up(passive_failures=1, ejection_s=1.0, ejection_max_s=30.0)
    for at in (1.0, 5.0, 100.0):
        one.failed(at, may_eject=True)
        one.settle(at + 1.0)
        assert one.health is (Health.EJECTED if at == 5.0 else Health.UP)
        one.settle(at + 2.0)


def test_an_answer_ends_a_row_of_failures():
    """Failures with answers between them do not eject."""
    one = up(passive_failures=2)
    for _ in range(5):
        one.failed(1.0, may_eject=True)
        one.answered()
    assert one.health is Health.UP


@pytest.mark.parametrize(("failures", "may_eject"), [(0, True), (3, False)])
def test_no_ejection_when_it_is_off_or_nobody_else_is_left(failures, may_eject):
    """Without a limit, or under the panic rule, a node stays in whatever happens."""
    one = up(passive_failures=failures)
    for _ in range(10):
        one.failed(1.0, may_eject=may_eject)
    assert one.health is Health.UP


def test_slow_start_grows_the_share_after_a_failure_only():
    """A node that comes back starts small and grows; at the balancer's own start every node has its full share."""
    one = up(slow_start_s=10.0)
    assert (one.health, one.weight(0.0)) == (Health.UP, 1.0)
    one.checked(DOWN, "no", 5.0)
    one.checked(UP, "ok", 6.0)
    assert (one.health, one.restarts) == (Health.STARTING, 1)
    assert [round(one.weight(at), 2) for at in (6.0, 11.0, 14.0)] == [0.05, 0.5, 0.8]
    one.settle(16.0)
    assert (one.health, one.weight(16.0)) == (Health.UP, 1.0)


def test_a_node_that_comes_up_for_the_first_time_was_not_restarted():
    """A node that was still starting when the balancer first looked has no restart behind it."""
    one = node(slow_start_s=10.0)
    one.checked(DOWN, "not yet", 0.0)
    one.checked(UP, "ok", 1.0)
    assert (one.restarts, one.health) == (0, Health.UP)


def test_maintenance_stops_the_checks_and_ready_starts_them_anew():
    """In maintenance no check counts; afterwards the node serves only once a new check has passed."""
    one = up()
    one.wanted(Wish.MAINTENANCE, 1.0)
    one.checked(DOWN, "stopped by hand", 2.0)
    assert one.counters.checks == 1
    one.wanted(Wish.READY, 3.0)
    assert one.health is Health.UNKNOWN
    one.checked(UP, "ok", 4.0)
    assert one.admission.new


def test_changes_are_reported_once_with_their_reason():
    """Whoever watches a node hears of changes, not of checks."""
    changes = []
    one = node()
    one.on_change = lambda node, old, new: changes.append((old, new, node.change_words))
    for at in range(3):
        one.checked(UP, "ok", at)
    one.wanted(Wish.SOFT_DRAIN, 5.0)
    assert changes == [(Health.UNKNOWN, Health.UP, "check: ok"), (Health.UP, Health.UP, "operator: soft-drain")]
    assert one.changed_at == 5.0


def test_the_roster_knows_whether_anybody_else_serves():
    """The panic rule counts nodes that would take new clients."""
    roster = Roster()
    one, other = up("node-1"), up("node-2")
    roster.put(one)
    roster.put(other)
    assert roster.others_serve(one)
    other.wanted(Wish.SOFT_DRAIN, 1.0)
    assert not roster.others_serve(one)
