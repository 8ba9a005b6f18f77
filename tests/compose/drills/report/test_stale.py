"""Who was let in by a login that an invalidation had ended."""

from compose.drills.report.stale import stale_operations
from shared.actions import Action
from shared.contract import KnownVia
from tests.compose.drills.report.story import Story


def test_a_request_after_the_call_returned_is_stale_if_its_login_is_older():
    """It is told by which act it should have ended."""
    story = Story()
    story.log_in("alice")
    before = story.tell("alice")
    act = story.act("alice")
    after = story.tell("alice")
    assert stale_operations(story.history) == {after: act}
    assert before < act


def test_a_login_after_the_call_makes_a_session_that_is_good():
    story = Story()
    story.log_in("alice")
    story.act("alice")
    story.log_in("alice")
    story.tell("alice")
    assert stale_operations(story.history) == {}


def test_a_session_opened_by_an_old_cookie_is_as_old_as_the_cookie():
    """Both the request with the cookie and those with the session it gave are stale."""
    story = Story()
    story.log_in("alice")
    act = story.act("alice")
    cookie = story.tell("alice", via=KnownVia.REMEMBER_ME)
    session = story.tell("alice", session="s-new")
    assert stale_operations(story.history) == {cookie: act, session: act}


def test_a_thief_is_stale_by_the_account_he_is_served_as():
    story = Story()
    story.log_in("thief-001", username="alice")
    act = story.act("alice")
    late = story.tell("thief-001", username="alice")
    assert stale_operations(story.history) == {late: act}


def test_a_call_that_was_refused_promises_nothing():
    story = Story()
    story.log_in("alice")
    story.act("alice", status=403)
    story.tell("alice")
    assert stale_operations(story.history) == {}


def test_deactivation_ends_sessions_only_where_the_switch_says_so():
    for switch, count in ((False, 0), (True, 1)):
        story = Story(switches={"deactivation_ends_sessions": switch})
        story.log_in("alice")
        story.act("alice", Action.DEACTIVATE)
        story.tell("alice")
        assert len(stale_operations(story.history)) == count


def test_the_session_in_which_one_changes_his_own_password_may_be_spared():
    """Another session of his may not."""
    for spares, stale in ((False, {"s-1", "s-2"}), (True, {"s-2"})):
        story = Story(switches={"own_password_change_spares_current": spares})
        story.log_in("alice")
        story.act("alice", Action.OWN_PASSWORD, user="alice", group="office", session="s-1")
        asked = {story.tell("alice", session=session, login_op=1): session for session in ("s-1", "s-2")}
        assert {asked[number] for number in stale_operations(story.history)} == stale
