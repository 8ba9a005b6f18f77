"""The five words, over checkers, metrics, events and probes, in windows; and what `demonstrates` makes of them."""

import pytest

from compose.drills.history.records import OpKind, Outcome
from compose.drills.judging.expecting import sentence_of, turned
from compose.drills.verdict import Verdict
from shared.contract import KnownVia, RouteReason
from tests.support.drills import a_drill, judged, verdict_of
from tests.support.histories import Story

PASS, FAIL, UNKNOWN = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN
ACCEPTED_OF_ALICE = {"event": "request.accepted", "where": {"user": "alice"}}


def story_of(*calls):
    """Alice and bob are logged in; `+` is alice let in, `-` alice refused, `b` bob let in."""
    story = Story()
    story.login("alice")
    story.login("bob")
    for call in calls:
        if call == "b":
            story.ask("bob")
        elif call == "+":
            story.ask("alice")
        else:
            story.refused("alice")
    return story


@pytest.mark.parametrize(
    ("word", "calls", "verdict"),
    [
        ("always", "++", PASS),
        ("always", "+-", FAIL),
        ("always", "b", UNKNOWN),
        ("never", "--", PASS),
        ("never", "-+", FAIL),
        ("never", "b", UNKNOWN),
        ("sometimes", "-+-", PASS),
        ("sometimes", "--", UNKNOWN),
        ("sometimes", "", UNKNOWN),
        ("at-end", "-+", PASS),
        ("at-end", "+-", FAIL),
        ("at-end", "b", UNKNOWN),
    ],
)
def test_a_word_over_an_event(word, calls, verdict):
    """Without an opportunity nothing is known; a thing that should happen some time and does not is unknown too."""
    assert verdict_of(story_of(*calls), **{word: ACCEPTED_OF_ALICE}) is verdict


def test_eventually_wants_it_in_time():
    """Alice is let in 4.3 s into the run; a run that ends before the time is over proves nothing."""
    story = story_of("-", "+")
    assert verdict_of(story, eventually=ACCEPTED_OF_ALICE, within={"real": "5s"}) is PASS
    assert verdict_of(story, eventually=ACCEPTED_OF_ALICE, within={"real": "4s"}) is FAIL
    assert verdict_of(story_of("-", "-"), eventually=ACCEPTED_OF_ALICE, within={"real": "60s"}) is UNKNOWN


@pytest.mark.parametrize(
    ("window", "verdict"),
    [
        ({"after": "reset"}, PASS),
        ({"before": "reset"}, FAIL),
        ({"after": "cut"}, PASS),
        ({"before": "cut"}, FAIL),
        ({"during": "cut"}, PASS),
        ({"after": "cut:end"}, UNKNOWN),
        ({"during": "step"}, FAIL),
        ({"after": "setup:end"}, UNKNOWN),
    ],
)
def test_marks_and_faults_limit_what_is_looked_at(window, verdict):
    """Alice is let in before the reset and the cut, and refused after; nobody asks once it is healed."""
    story = Story()
    story.login("alice")
    story.mark("step")
    story.ask("alice")
    story.mark("step:end")
    story.mark("reset", after=0.1)
    story.fault("cut")
    story.refused("alice")
    story.heal("cut")
    assert verdict_of(story, never=ACCEPTED_OF_ALICE, **window) is verdict


@pytest.mark.parametrize("word", ["after", "before", "during"])
def test_a_window_that_hangs_on_what_never_happened_is_unknown_and_says_so(word):
    (one,) = judged(story_of("+"), {"always": ACCEPTED_OF_ALICE, word: "reset"}).expectations
    assert one.verdict is UNKNOWN
    assert "reset never happened" in one.finding.summary


def test_a_nodes_own_error_could_have_been_a_login_and_the_balancers_could_not():
    """During an outage nobody came in: shown by nodes that were asked, not by nobody having been there."""
    story = story_of()
    story.ask("carol", kind=OpKind.LOGIN, known=KnownVia.NOBODY, status=503)
    assert verdict_of(story, never={"event": "login", "where": {"user": "carol"}}) is PASS
    assert verdict_of(story, always={"event": "login", "where": {"user": "carol"}}) is FAIL
    story = story_of()
    story.failed("carol", kind=OpKind.LOGIN)
    assert verdict_of(story, never={"event": "login", "where": {"user": "carol"}}) is UNKNOWN


def test_a_script_that_shows_a_wrong_password_with_its_request_fails_to_log_in():
    """A good one shows that it could have failed; a remember-me cookie that is denied is no password."""
    story = Story()
    story.ask("good", known=KnownVia.BASIC)
    story.ask("bad", known=KnownVia.NOBODY, status=403, login_reason="AUTHENTICATION_DENIED")
    story.ask("cookie", known=KnownVia.NOBODY, token="t-1", login_reason="AUTHENTICATION_DENIED")
    for user, verdict in (("good", PASS), ("bad", FAIL), ("cookie", UNKNOWN)):
        assert verdict_of(story, never={"event": "login.failed", "where": {"user": user}}) is verdict


def test_a_request_that_was_free_to_go_anywhere_could_have_gone_there():
    """New people avoid a drained node; somebody bound elsewhere proves nothing about it."""
    nobody_there = {"event": "login", "where": {"node": "node-1"}}
    for route, verdict in ((RouteReason.NEW, PASS), (RouteReason.BOUND, UNKNOWN)):
        story = Story()
        story.login("alice", node="node-2", route=route)
        assert verdict_of(story, never=nobody_there) is verdict
        story.login("bob", node="node-1", route=route)
        assert verdict_of(story, never=nobody_there) is FAIL


@pytest.mark.parametrize(
    "subject",
    [
        {"event": "request.failed"},
        {"metric": "failed-requests", "op": ">", "value": 0},
        {"checker": "availability"},
    ],
)
def test_what_no_node_answered_is_the_failure_of_the_node_it_was_for(subject):
    """Bound there by a route, or talking to it directly; the others had no part in it."""
    for story, lost in ((story_of("+"), {}), (Story(), {"outcome": Outcome.FAIL, "pinned_to": "node-1"})):
        story.failed("alice", **lost)
        story.login("carol", node="node-2")
        for node, verdict in (("node-1", FAIL), ("!node-2", FAIL), ("node-2", PASS), ("!node-1", PASS)):
            assert verdict_of(story, never={**subject, "where": {"node": node}}) is verdict


def test_whoever_must_always_be_let_in_and_gets_no_answer_is_not():
    story = story_of("+")
    story.failed("alice")
    assert verdict_of(story, always=ACCEPTED_OF_ALICE) is FAIL
    assert verdict_of(story, **{"at-end": ACCEPTED_OF_ALICE}) is FAIL


def test_grace_moves_the_beginning():
    """Let in one second after the mark, and refused after two."""
    story = story_of()
    story.mark("reset")
    story.ask("alice")
    story.refused("alice")
    assert verdict_of(story, never=ACCEPTED_OF_ALICE, after="reset") is FAIL
    assert verdict_of(story, never=ACCEPTED_OF_ALICE, after="reset", grace={"real": "1500ms"}) is PASS


def test_during_looks_at_each_time_it_happened():
    """Good the first time does not make up for the second."""
    story = story_of()
    for call in (story.refused, story.ask):
        story.mark("step")
        call("alice")
        story.mark("step:end")
    assert verdict_of(story, never=ACCEPTED_OF_ALICE, during="step") is FAIL
    assert verdict_of(story, sometimes=ACCEPTED_OF_ALICE, during="step") is PASS


def test_the_setup_is_not_looked_at():
    story = story_of("+")
    story.mark("setup:end")
    story.refused("alice")
    assert verdict_of(story, never=ACCEPTED_OF_ALICE) is PASS


@pytest.mark.parametrize(
    ("where", "verdict"),
    [
        ({"user": "alice"}, FAIL),
        ({"user": "!alice"}, PASS),
        ({"group": "office"}, FAIL),
        ({"group": "!office"}, UNKNOWN),
        ({"node": "node-2"}, FAIL),
        ({"node": "node-3"}, UNKNOWN),
        ({"kind": "write"}, UNKNOWN),
        ({"status": 401}, FAIL),
        ({"status": 403}, PASS),
        ({"cause": "invalidated"}, FAIL),
        ({"cause": "!invalidated"}, PASS),
        ({"authenticated-before": "late"}, FAIL),
        ({"authenticated-before": "early"}, UNKNOWN),
    ],
)
def test_where_narrows_and_a_bang_turns_it_round(where, verdict):
    """Alice is thrown out on node-2 after an act, bob is not; what is said of the outcome makes no opportunity."""
    story = Story()
    story.mark("early")
    story.login("alice", node="node-2")
    story.login("bob")
    story.mark("late")
    story.act("alice")
    story.refused("alice", ended="invalidated")
    story.ask("bob")
    assert verdict_of(story, never={"event": "thrown-out", "where": where}) is verdict


@pytest.mark.parametrize(("mark", "verdict"), [("reset", UNKNOWN), ("the act:end", UNKNOWN), ("later", FAIL)])
def test_the_mark_of_an_act_stands_for_the_act(mark, verdict):
    """It is set when the receipt was fetched; who logs in anew before that was not logged in before the act."""
    method = [
        {"name": "the act", "do": {"act": "admin-password", "user": "alice"}, "mark": "reset"},
        {"mark": "later"},
    ]
    story = story_of("+")
    story.act("alice")
    story.login("alice", after=0.001, took=0.01)
    for name in ("the act:end", "reset", "later"):
        story.mark(name, after=0.01)
    story.ask("alice")
    old = {"event": "request.accepted", "where": {"user": "alice", "authenticated-before": mark}}
    (one,) = judged(story, {"after": "later", "never": old}, method=method).expectations
    assert one.verdict is verdict


@pytest.mark.parametrize("word", ["never", "sometimes"])
def test_a_cause_is_asked_for_in_vain_where_there_is_none(word):
    """A refusal is no logout: whatever it was for, that is not known of it."""
    story = story_of("+")
    story.refused("alice", ended="invalidated")
    assert verdict_of(story, **{word: {"event": "request.refused", "where": {"cause": "crowd"}}}) is UNKNOWN


@pytest.mark.parametrize(
    ("event", "times"),
    [
        ("request", 7),
        ("request.accepted", 2),
        ("request.refused", 1),
        ("request.failed", 1),
        ("login", 2),
        ("login.failed", 1),
        ("login.silent", 1),
        ("thrown-out", 1),
        ("moved", 2),
        ("fault", 1),
    ],
)
def test_every_event_is_found_as_often_as_it_happened_and_not_where_it_did_not(event, times):
    story = Story()
    story.login("alice")
    story.login("bob", remember=True)
    story.ask("alice")
    story.fault("crash", target="node-1")
    story.refused("alice", node="node-2")
    story.silent("bob", node="node-2")
    story.failed("alice")
    story.ask("knocker", kind=OpKind.LOGIN, known=KnownVia.NOBODY)
    story.mark("end")
    (one,) = judged(story, {"sometimes": {"event": event}}).expectations
    assert (one.verdict, one.finding.checked) == (PASS, times)
    assert verdict_of(story, sometimes={"event": event}, after="end") is UNKNOWN


@pytest.mark.parametrize(
    ("word", "op", "limit", "verdict"),
    [
        ("always", "<=", 2, PASS),
        ("always", "<", 2, FAIL),
        ("at-end", "==", 2, PASS),
        ("never", ">", 2, PASS),
        ("never", "==", 2, FAIL),
        ("sometimes", "!=", 2, UNKNOWN),
        ("sometimes", ">=", 2, PASS),
    ],
)
def test_a_metric_is_compared(word, op, limit, verdict):
    """Two logins, no more."""
    assert verdict_of(story_of(), **{word: {"metric": "requests", "op": op, "value": limit}}) is verdict


def test_a_duration_is_compared_on_its_own_clock_only():
    story = story_of()
    story.act("alice")
    story.policy(minutes=10)
    story.ask("alice")
    at_most = {"metric": "stale-window-max", "op": "<="}
    assert verdict_of(story, always={**at_most, "value": {"policy": "10m"}}) is PASS
    assert verdict_of(story, always={**at_most, "value": {"policy": "9m"}}) is FAIL
    assert verdict_of(story, always={**at_most, "value": {"real": "10m"}}) is UNKNOWN


def test_a_metric_without_anything_to_measure_is_unknown():
    assert verdict_of(story_of("+"), always={"metric": "stale-accepts", "op": "==", "value": 0}) is UNKNOWN


def test_a_metric_is_held_against_an_oracle():
    """Two of three people were asked once: 0.67 where the closed form says 1.58."""
    story = Story()
    for user in ("a", "b", "c"):
        story.login(user)
    story.node("node-1", "down")
    for user in ("a", "b"):
        story.refused(user, node="node-2")
    rolling = {"method": [{"rolling-restart": {}}]}
    about = {"metric": "forced-logins-per-user", "of": "oracle.rolling-restart"}
    for limits, verdict in (
        ({"within-pct": 5}, FAIL),
        ({"within-pct": 60}, PASS),
        ({"op": "<="}, PASS),
        ({"op": ">"}, FAIL),
    ):
        (one,) = judged(story, {"always": {**about, **limits}}, **rolling).expectations
        assert one.verdict is verdict
    (one,) = judged(story, {"always": {**about, "within-pct": 5}}).expectations
    assert one.verdict is UNKNOWN


@pytest.mark.parametrize(
    ("word", "values", "verdict"),
    [
        ("always", [0, 0], PASS),
        ("always", [0, 1], FAIL),
        ("always", [0, None], UNKNOWN),
        ("always", [], UNKNOWN),
        ("never", [1, 1], PASS),
        ("never", [1, 0], FAIL),
        ("never", [1, None], UNKNOWN),
        ("sometimes", [1, 0], PASS),
        ("sometimes", [1], UNKNOWN),
        ("at-end", [1, 0], PASS),
        ("at-end", [0, 1], FAIL),
        ("at-end", [0, None], UNKNOWN),
        ("at-end", [None, 0], PASS),
    ],
)
def test_a_word_over_a_probe(word, values, verdict):
    """A reading that failed makes unknown what had to be so all the time, or at that time."""
    story = Story()
    for value in values:
        story.reading("remember-me.count", value, user="alice")
        story.reading("remember-me.count", 7, user="bob")
    about = {"probe": "remember-me.count", "where": {"user": "alice"}, "equals": 0}
    assert verdict_of(story, **{word: about}) is verdict


def test_a_reading_of_one_user_is_none_of_all():
    """Alice has no token any more; the hundred others are still there."""
    story = Story()
    for _ in range(2):
        story.reading("remember-me.count", 100)
        story.reading("remember-me.count", 0, user="alice")
    gone = {"probe": "remember-me.count", "equals": 0}
    assert verdict_of(story, **{"at-end": gone}) is FAIL
    assert verdict_of(story, sometimes=gone) is UNKNOWN


def test_a_probe_that_was_never_read_in_time_may_have_been_as_wanted():
    """One that was, and was not so, was not."""
    for values, verdict in (
        ([], UNKNOWN),
        ([None], UNKNOWN),
        ([None, 1], FAIL),
        ([1, None], UNKNOWN),
        ([0, None], PASS),
    ):
        story = Story()
        for value in values:
            story.reading("fenced", value)
        story.mark("later", after=9)
        assert verdict_of(story, eventually={"probe": "fenced", "equals": 0}, within={"real": "1s"}) is verdict


@pytest.mark.parametrize(("wanted", "verdict"), [("0", PASS), ("0.0", PASS), (0, PASS), ("1", FAIL), ("none", FAIL)])
def test_a_number_is_one_however_it_is_written(wanted, verdict):
    story = Story()
    story.reading("undelivered", 0.0)
    assert verdict_of(story, always={"probe": "undelivered", "equals": wanted}) is verdict


def test_a_probe_may_say_a_word():
    story = Story()
    story.reading("nodes.state", "RUNNING")
    assert verdict_of(story, always={"probe": "nodes.state", "equals": "RUNNING"}) is PASS
    assert verdict_of(story, always={"probe": "nodes.state", "equals": "STARTING"}) is FAIL


def test_a_checker_keeps_its_verdict_and_once_is_enough_for_sometimes():
    story = story_of()
    story.act("alice")
    story.ask("alice")
    assert verdict_of(story, never={"checker": "stale-accept"}) is FAIL
    assert verdict_of(story, sometimes={"checker": "stale-accept"}) is UNKNOWN
    assert verdict_of(story, never={"checker": "stale-accept", "grace": {"real": "5s"}}) is UNKNOWN


def test_a_checker_eventually_holds_when_it_holds_from_then_on():
    """Stale for a second after the act, refused afterwards."""
    story = story_of()
    story.act("alice")
    story.mark("done")
    story.ask("alice")
    story.refused("alice", ended="invalidated")
    assert verdict_of(story, eventually={"checker": "stale-accept"}, after="done", within={"real": "2s"}) is PASS
    assert verdict_of(story, eventually={"checker": "stale-accept"}, after="done", within={"real": "500ms"}) is FAIL


def test_a_checker_that_breaks_down_has_no_opinion(monkeypatch):
    """And says why."""

    def broken(_name, _scope, _settings=None):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("compose.drills.judging.subjects.run_checker", broken)
    (one,) = judged(story_of("+"), {"always": {"checker": "availability"}}).expectations
    assert one.verdict is UNKNOWN
    assert "by nothing" in one.finding.summary


@pytest.mark.parametrize(("found", "shown"), [(FAIL, PASS), (PASS, FAIL), (UNKNOWN, UNKNOWN)])
def test_demonstrating_turns_a_verdict_round_and_leaves_the_unknown(found, shown):
    assert turned(found) is shown


def test_a_violation_that_was_to_be_shown_and_did_not_come_fails():
    """What was found stands beside it."""
    for calls, found, verdict in (("+", FAIL, PASS), ("-", PASS, FAIL), ("b", UNKNOWN, UNKNOWN)):
        expected = {"never": ACCEPTED_OF_ALICE, "demonstrates": "violated"}
        (one,) = judged(story_of(*calls), expected).expectations
        assert (one.as_found, one.verdict, one.demonstrates) == (found, verdict, True)


def test_a_demonstration_may_be_one_variants_only():
    expected = {"never": ACCEPTED_OF_ALICE, "demonstrates": {"before": "violated", "only": "held"}}
    (one,) = judged(story_of("+"), expected).expectations
    assert (one.verdict, one.demonstrates) == (FAIL, False)


def test_an_expectation_reads_as_a_sentence():
    (one,) = judged(story_of("+"), {"never": ACCEPTED_OF_ALICE, "after": "reset", "because": "why not"}).expectations
    assert one.sentence == "never request.accepted where user is alice, after reset"
    assert (one.because, one.window) == ("why not", "after reset")
    drill = a_drill({"always": {"metric": "stale-window-max", "op": "<=", "value": {"policy": "15m"}}})
    assert sentence_of(drill.expectations[0]) == "always stale-window-max <= 15 min (policy)"
