"""`explained-logouts` and `spurious-logout`: every logout has one cause, and the history has to bear it out."""

from dataclasses import replace

import pytest

from compose.drills.case.case import Case
from compose.drills.history.records import OpKind, Outcome
from compose.drills.logout import Cause, LogoutKind
from compose.drills.verdict import Verdict
from shared.actions import Action
from shared.contract import RouteReason
from tests.support.histories import MINUTE_MS, Story


def logouts(story):
    return Case(story.history()).logouts


def only(story):
    (logout,) = logouts(story)
    return logout


def logged_in(**opened):
    story = Story(**opened)
    story.login("alice")
    story.ask("alice")
    return story


def idle(story):
    story.policy(minutes=300)
    story.refused("alice", ended="idle")


def too_old(story):
    story.policy(minutes=480)
    story.refused("alice", ended="max-age")


def invalidated(story):
    story.act("alice", node="node-2")
    story.refused("alice", ended="invalidated")


def crowd(story):
    story.act("alice", node="node-2")
    story.policy(minutes=15)
    story.refused("alice", ended="crowd")


def deactivated(story):
    story.act("alice", Action.DEACTIVATE)
    story.policy(minutes=15)
    story.refused("alice", ended="crowd")


def deleted(story):
    story.act("alice", Action.DELETE_USER)
    story.refused("alice", ended="crowd")


def restarted(story):
    story.node("node-1", "down", cause="rolling restart")
    story.node("node-1", "up")
    story.refused("alice")


def drained(story):
    story.node("node-1", "draining")
    story.refused("alice", node="node-2", route=RouteReason.DRAINED)


def unreachable(story):
    story.fault("cut", kind="link.cut", target="balancer->node-1")
    story.refused("alice", node="node-2", route=RouteReason.REDISPATCHED)


def route_lost(story):
    story.forget("alice", "bound")
    story.refused("alice", node="node-2")


def overflow(story):
    story.refused("alice", ended="overflow")


def overwritten(story):
    story.ask("alice", node="neighbour", session="s-alice-1", login_op=None)
    story.give("alice", session="s-theirs", bound="node-1")
    story.records[-1] = _with_session(story.records[-1], "s-theirs")
    story.refused("alice")


def cookie_too_old(story):
    story.policy(minutes=480)
    story.forget("alice", "session")
    story.refused("alice", ended=None)


def lost_answer(story):
    story.failed("alice", kind=OpKind.LOGIN, outcome=Outcome.INFO)
    story.refused("alice", ended="replaced")


def _with_session(completion, session):
    return replace(completion, session=session)


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        (idle, Cause.IDLE),
        (too_old, Cause.MAX_AGE),
        (invalidated, Cause.INVALIDATED),
        (crowd, Cause.CROWD),
        (deactivated, Cause.DEACTIVATED),
        (deleted, Cause.DELETED),
        (restarted, Cause.NODE_GONE),
        (drained, Cause.MOVED),
        (unreachable, Cause.MOVED),
        (route_lost, Cause.MOVED),
        (overflow, Cause.OVERFLOW),
        (overwritten, Cause.COOKIE_REPLACED),
        (cookie_too_old, Cause.COOKIE_EXPIRED),
        (lost_answer, Cause.REPLACED),
    ],
)
def test_each_cause_is_found_where_the_history_bears_it_out(event, cause, check):
    """And told from the login to the request at which it was noticed. A full node, or a route that is lost without a
    fault, explains a logout and does not justify it."""
    limits = {"session_max_age_ms": 480 * 60_000, "session_idle_ms": 300 * 60_000}
    story = logged_in(limits=limits if cause in (Cause.MAX_AGE, Cause.COOKIE_EXPIRED) else None)
    event(story)
    logout = only(story)
    assert logout.cause is cause
    assert "logged in on node-1 (op 1)" in logout.chain[0]
    assert f"op {logout.op}" in logout.chain[-1]
    assert check("explained-logouts", story).verdict is Verdict.PASS
    assert check("spurious-logout", story).verdict is (
        Verdict.FAIL if event in (overflow, route_lost) else Verdict.PASS
    )


@pytest.mark.parametrize("word", ["idle", "max-age", "invalidated", "crowd", "replaced", "logout", "unknown", "moods"])
def test_what_the_node_says_explains_nothing_when_the_history_contradicts_it(word, check):
    """Nothing happened, and no time has passed."""
    story = logged_in(limits={"session_max_age_ms": 480 * 60_000})
    story.refused("alice", ended=word)
    assert only(story).cause is Cause.UNEXPLAINED
    found = check("explained-logouts", story)
    assert found.verdict is Verdict.FAIL
    assert found.evidence[0].user == "alice"
    assert check("spurious-logout", story).verdict is Verdict.FAIL


def test_another_node_answering_for_no_reason_is_no_explanation(check):
    """The bound node was there, and the route named it."""
    story = logged_in()
    story.refused("alice", node="node-2", route=RouteReason.BOUND)
    assert only(story).cause is Cause.UNEXPLAINED
    assert check("spurious-logout", story).verdict is Verdict.FAIL


def test_an_act_upon_somebody_else_explains_nothing():
    story = logged_in()
    story.act("bob")
    story.refused("alice", ended="invalidated")
    assert only(story).cause is Cause.UNEXPLAINED


def test_an_act_that_failed_for_certain_explains_nothing_and_one_without_an_answer_may():
    """Nobody knows whether the second was carried out."""
    for outcome, cause in ((Outcome.FAIL, Cause.UNEXPLAINED), (Outcome.INFO, Cause.INVALIDATED)):
        story = logged_in()
        story.act("alice", outcome=outcome)
        story.refused("alice", ended="invalidated")
        assert only(story).cause is cause


def test_a_session_without_a_second_request_falls_to_the_bot_killer():
    """After ten minutes; not when it was used, and not when the killer is off."""
    for uses, killer, cause in (
        (0, True, Cause.BOT_KILLER),
        (1, True, Cause.UNEXPLAINED),
        (0, False, Cause.UNEXPLAINED),
    ):
        story = Story(switches={"bot_killer": killer})
        story.login("alice")
        for _ in range(uses):
            story.ask("alice")
        story.policy(minutes=10)
        story.refused("alice", ended="idle")
        assert only(story).cause is cause


def test_who_stays_refused_is_thrown_out_once_and_who_was_let_in_meanwhile_again():
    """Ping-pong between two nodes is one logout each time."""
    story = logged_in()
    story.forget("alice", "bound")
    for node in ("node-2", "node-3"):
        story.refused("alice", node=node, bound=None)
    story.ask("alice", node="node-1", bound=None)
    story.refused("alice", node="node-2", bound=None)
    assert [logout.op for logout in logouts(story)] == [3, 6]


def test_a_logout_by_own_wish_has_that_cause_and_what_follows_is_no_second_one():
    story = logged_in()
    asked = story.logout("alice")
    story.refused("alice", session="s-alice-1", login_op=1)
    logout = only(story)
    assert (logout.cause, logout.kind, logout.because_of) == (Cause.LOGOUT, LogoutKind.ASKED, (asked,))


def test_a_silent_login_is_a_logout_that_nobody_saw(check):
    """It has a cause too."""
    story = Story()
    story.login("alice", remember=True)
    story.node("node-1", "down", cause="node.crash")
    story.silent("alice", node="node-2")
    assert (only(story).kind, only(story).cause) == (LogoutKind.SILENT, Cause.NODE_GONE)
    story.silent("alice", node="node-3")
    assert check("explained-logouts", story).verdict is Verdict.FAIL
    assert check("spurious-logout", story).verdict is Verdict.PASS
    assert check("spurious-logout", story, silent=True).verdict is Verdict.FAIL


def test_a_captcha_stands_between_a_good_cookie_and_the_login():
    story = Story()
    story.login("alice", remember=True)
    story.node("node-1", "down")
    story.refused("alice", node="node-2", login_reason="AUTHENTICATION_DENIED")
    assert only(story).cause is Cause.CAPTCHA
    assert "node-1 went down" in only(story).chain[1]


def test_who_logs_in_again_with_a_foreign_cookie_was_logged_out_by_it():
    """Nobody asked him to, since his browser has nothing to be known by; it is no less of a prompt."""
    story = Story()
    story.login("alice")
    story.ask("alice", node="neighbour")
    story.records[-1] = _with_session(story.records[-1], "s-theirs")
    story.give("alice", session="s-theirs", login=None)
    story.login("alice", session="s-mine")
    logout = only(story)
    assert (logout.cause, logout.kind) == (Cause.COOKIE_REPLACED, LogoutKind.THROWN_OUT)


def test_a_login_at_the_other_application_is_no_login_here():
    """Its session is as foreign as one got otherwise, though he showed a password for it."""
    story = Story()
    story.login("alice", session="s-ours")
    story.login("alice", session="s-theirs", node="neighbour")
    story.login("alice", session="s-again")
    assert [(logout.op, logout.cause) for logout in logouts(story)] == [(3, Cause.COOKIE_REPLACED)]


def test_a_route_cookie_that_the_other_application_overwrote_is_its_doing_too():
    """The balancer finds a node's name in it that it does not have."""
    story = logged_in()
    story.refused("alice", node="node-2", bound="neighbour", route=RouteReason.REDISPATCHED)
    assert only(story).cause is Cause.COOKIE_REPLACED


def test_logging_in_again_of_ones_own_accord_is_no_logout():
    story = logged_in()
    story.login("alice", session="s-alice-1")
    assert logouts(story) == ()


def test_an_administrators_browsers_are_nobodys_logout():
    """Every act of his is a browser of its own, under the same name."""
    story = Story()
    story.login("admin", group="operators")
    story.forget("admin", "session", "login")
    story.login("admin", group="operators")
    assert logouts(story) == ()


@pytest.mark.parametrize("ended", ["idle", "max-age"])
@pytest.mark.parametrize(
    ("skew_ms", "healed", "explained"),
    [
        (300 * MINUTE_MS, False, True),
        (-300 * MINUTE_MS, False, True),
        (200 * MINUTE_MS, False, False),
        (None, True, False),
    ],
)
def test_a_clock_that_was_wrong_by_enough_explains_a_limit_that_was_not_over(ended, skew_ms, healed, explained):
    """And not one that was right again before the session began."""
    story = Story(limits={"session_max_age_ms": 300 * MINUTE_MS})
    if healed:
        story.fault("skew", kind="clock.skew", target="node-1", skew_ms=300 * MINUTE_MS)
        story.heal("skew", kind="clock.skew", target="node-1")
    story.login("alice")
    story.ask("alice")
    if not healed:
        story.fault("skew", kind="clock.skew", target="node-1", skew_ms=skew_ms)
    story.policy(minutes=1)
    story.refused("alice", ended=ended)
    assert only(story).cause == (ended if explained else Cause.UNEXPLAINED)


def test_only_expected_causes_may_be_allowed(check):
    story = logged_in()
    invalidated(story)
    assert check("explained-logouts", story, causes=["invalidated"]).verdict is Verdict.PASS
    assert check("explained-logouts", story, causes=["idle"]).verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["explained-logouts", "spurious-logout"])
def test_without_anybody_logged_in_there_is_nothing_to_judge(name, check):
    story = Story()
    story.failed("alice")
    assert check(name, story).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["explained-logouts", "spurious-logout"])
def test_people_who_were_answered_and_stayed_in_are_evidence(name, check):
    """Each of their requests could have been a logout."""
    found = check(name, logged_in())
    assert (found.verdict, found.checked) == (Verdict.PASS, 1)
