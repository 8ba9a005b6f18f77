"""Each metric on a history small enough to count by hand."""

import pytest

from compose.drills.finding import Measure, Unit
from compose.drills.history.history import Window
from compose.drills.history.records import OpKind, Outcome
from compose.drills.metrics import METRICS, measure
from compose.drills.metrics.metric import percentile
from shared.errors import OperatorError
from tests.support.histories import SECOND_NS, Story


def value(name, story):
    return measure(name, story.history()).value


def crash():
    """Alice without, bob with the box ticked, both on node-1, which dies; alice is thrown out twice, since node-2 dies
    too; carol is elsewhere."""
    story = Story()
    story.login("alice")
    story.login("bob", remember=True)
    story.login("carol", node="node-3")
    story.node("node-1", "down")
    story.refused("alice", node="node-2", kind=OpKind.WRITE)
    story.login("alice", node="node-2")
    story.silent("bob", node="node-3")
    story.node("node-2", "down")
    story.refused("alice", node="node-3")
    story.login("alice", node="node-3")
    story.ask("carol")
    return story


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("forced-logins", 2),
        ("forced-logins-per-user", 2 / 3),
        ("users-hit-more-than-once", 1 / 3),
        ("silent-logins", 1),
        ("silent-logins-per-user", 1 / 3),
        ("unexplained-logouts", 0),
        ("lost-forms", 1),
        ("captcha-denied", 0),
        ("requests", 9),
        ("failed-requests", 0),
        ("failed-rate", 0),
        ("moved-requests", 3),
        ("latency-p50", 100),
    ],
)
def test_people_and_requests_are_counted(name, expected):
    assert value(name, crash()) == pytest.approx(expected)


@pytest.mark.parametrize("name", METRICS)
def test_where_nothing_happened_nothing_was_measured(name):
    """None is not 0: a metric of nobody must not fulfil anything."""
    assert measure(name, Story().history()) == Measure(None, METRICS[name].unit)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_says_what_it_means_and_its_unit(name):
    found = METRICS[name]
    word = {Unit.COUNT: "(count)", Unit.RATIO: "(ratio)", Unit.REAL_MS: "(real ms)", Unit.POLICY_MS: "(policy ms)"}
    assert word[found.unit] in found.meaning


def test_an_unknown_metric_gets_the_nearest_name():
    with pytest.raises(OperatorError, match="did you mean stale-window-max"):
        measure("stale-windw-max", Story().history())


def test_a_logout_by_own_wish_is_no_forced_login():
    story = Story()
    story.login("alice")
    story.logout("alice")
    assert value("forced-logins", story) == 0


def test_an_unexplained_logout_is_counted():
    story = Story()
    story.login("alice")
    story.refused("alice", ended="moods")
    assert value("unexplained-logouts", story) == 1


def test_only_what_was_sent_in_the_window_counts():
    story = crash()
    assert measure("requests", story.history(), Window(0, 2 * SECOND_NS)).value == 1


def test_stale_windows_are_measured_over_those_that_were_open():
    """14 minutes on node-2 and 4 on node-3; node-1 refused at once."""
    story = Story(version="9.10")
    for number in (1, 2, 3):
        story.login(f"browser-{number}", node=f"node-{number}", account="alice")
    story.act("alice", node="node-1")
    story.refused("browser-1", ended="invalidated")
    story.policy(minutes=4)
    story.ask("browser-3")
    story.policy(minutes=10)
    story.ask("browser-2")
    assert value("stale-accepts", story) == 2
    assert value("stale-window-max", story) == 14 * 60_000
    assert value("stale-window-mean", story) == 9 * 60_000
    assert value("stale-window-real-max", story) == pytest.approx(3200)


def test_refused_from_the_beginning_the_window_is_nought():
    story = Story()
    story.login("alice")
    story.act("alice")
    story.refused("alice", ended="invalidated")
    assert value("stale-window-max", story) == 0


def test_receipts_tell_how_long_nodes_took():
    """Who was only told, or not at all, took no time that anybody knows."""
    for heard, expected in (({}, 1900), ({"node_3": ("told", 0.1)}, None)):
        story = Story()
        story.receipt(1, node_1=("applied", 1.0), node_2=("fenced", 1900.0), **heard)
        assert value("invalidation-ms-p99", story) == expected


def test_latency_counts_from_when_a_request_was_due():
    """One that was never answered has none."""
    story = Story()
    story.failed("alice", took=9.0, outcome=Outcome.INFO)
    story.ask("alice", took=0.1, late_ns=SECOND_NS)
    assert value("latency-p99", story) == 1100


def test_a_request_under_way_during_a_jump_has_no_latency():
    story = Story()
    story.ask("alice", took=2.0)
    jump = story.history().operations[0].started_ns + SECOND_NS
    story.real_ns = jump
    story.policy(minutes=5)
    assert value("latency-p50", story) is None
    assert value("requests", story) == 1


def test_an_outage_lasts_from_the_first_failure_to_the_next_good_request():
    story = Story()
    story.ask("alice")
    story.failed("alice")
    story.failed("alice")
    story.ask("alice")
    story.failed("alice")
    story.ask("alice")
    assert value("longest-outage", story) == pytest.approx(2200)


def crash_of_node_1(failures):
    story = Story()
    story.login("alice")
    story.login("bob")
    story.fault("crash", target="node-1")
    for _ in range(failures):
        story.failed("alice", after=0.4)
    story.refused("bob", node="node-2", after=0.4)
    return story


def test_detection_takes_until_people_of_the_node_are_served_elsewhere():
    """0.5 s to the confirmation, then 0.5 s a failure, then the good one 0.4 s later."""
    assert value("detection-time", crash_of_node_1(0)) == pytest.approx(900)
    assert value("detection-time", crash_of_node_1(3)) == pytest.approx(2400)


def test_recovery_is_over_when_nothing_fails_any_more():
    assert value("time-to-recover", crash_of_node_1(0)) == 0
    assert value("time-to-recover", crash_of_node_1(2)) == pytest.approx(1900)


def test_a_service_that_never_recovers_took_at_least_to_the_end():
    """So that a limit on it fails."""
    story = Story()
    story.fault("crash", target="node-1")
    story.failed("alice")
    story.mark("end", after=60)
    assert value("time-to-recover", story) == pytest.approx(61_600)


def test_prompts_are_counted_for_each_day_of_policy_time():
    """One person, one prompt in half a day."""
    story = Story()
    story.login("alice")
    story.policy(minutes=720)
    story.refused("alice", ended="idle")
    assert value("prompts-per-user-per-day", story) == pytest.approx(2)


def test_the_storm_is_the_busiest_second():
    """Three logins within 0.9 s, and one later."""
    story = Story()
    for user in ("a", "b", "c"):
        story.login(user, after=0.2)
    story.login("d", after=5)
    assert value("re-login-storm", story) == 3


def test_a_captcha_that_was_due_is_counted():
    story = Story()
    story.refused("script", denied="CAPTCHA_CHALLENGE; login-url=/login.jsp")
    assert value("captcha-denied", story) == 1


def test_a_drain_is_measured_by_the_drained_nodes_sessions():
    """Other nodes' sessions do not count."""
    story = Story()
    story.node("node-1", "draining")
    story.reading("sessions", 5, node="node-1")
    story.reading("sessions", 9, node="node-2")
    story.policy(minutes=300)
    story.reading("sessions", 1, node="node-1")
    assert value("sessions-left", story) == 1
    assert value("time-to-empty", story) == 300 * 60_000
    story.policy(minutes=10)
    story.reading("sessions", 0, node="node-1")
    story.policy(minutes=60)
    story.reading("sessions", 0, node="node-1")
    assert (value("sessions-left", story), value("time-to-empty", story)) == (0, 310 * 60_000)


@pytest.mark.parametrize(("percent", "expected"), [(50, 2), (75, 3), (76, 4), (100, 4), (0.1, 1)])
def test_a_percentile_is_the_nearest_rank(percent, expected):
    assert percentile([4, 1, 3, 2], percent) == expected


def test_what_took_for_ever_is_not_left_out_of_how_long_it_took():
    """One in a hundred that never heard is beyond the 99th percentile; more are not."""
    story = Story()
    for _ in range(99):
        story.receipt(node_1=("applied", 1.0))
    story.receipt(node_2=("not told", 0.0))
    assert value("invalidation-ms-p99", story) == 1
    story.receipt(node_2=("not told", 0.0))
    assert value("invalidation-ms-p99", story) is None
