"""Web sessions: birth, idle limit, absolute age, the index by user, and why they end."""

import re

import pytest

from node.web_sessions import OBITUARIES_MAX, EndCause, SessionLimits, WebSessions
from tests.support.accounts import account

HOUR_MS = 3_600_000
IDLE_MS = 5 * HOUR_MS
T0 = 1_000_000_000


@pytest.fixture
def sessions():
    return WebSessions(SessionLimits(IDLE_MS), capacity=100)


def test_an_id_looks_as_tomcat_makes_it(sessions):
    """32 upper-case hex digits, and never twice the same."""
    ids = {sessions.open(None, now_ms=T0).id for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[0-9A-F]{32}", session_id) for session_id in ids)


def test_a_jvm_route_is_a_suffix_of_the_id():
    """Balancers that stick to JSESSIONID read the node from behind the dot."""
    session = WebSessions(SessionLimits(IDLE_MS), capacity=1, id_suffix=".node-1").open(None, now_ms=T0)
    assert re.fullmatch(r"[0-9A-F]{32}\.node-1", session.id)


def test_the_idle_limit_slides(sessions):
    """Each use moves the end; without use the session is over at exactly the limit."""
    session = sessions.open(account(), now_ms=T0)
    assert sessions.find(session.id, now_ms=T0 + IDLE_MS - 1) is session
    assert sessions.find(session.id, now_ms=T0 + 2 * (IDLE_MS - 1)) is session
    assert sessions.find(session.id, now_ms=T0 + 2 * (IDLE_MS - 1) + IDLE_MS) is None
    assert sessions.cause_of_end(session.id) is EndCause.IDLE


def test_an_absolute_age_does_not_slide():
    """With a max-age configured, use does not help."""
    sessions = WebSessions(SessionLimits(IDLE_MS, max_age_ms=8 * HOUR_MS), capacity=10)
    session = sessions.open(account(), now_ms=T0)
    for hour in range(1, 8):
        assert sessions.find(session.id, now_ms=T0 + hour * HOUR_MS)
    assert sessions.find(session.id, now_ms=T0 + 8 * HOUR_MS - 1)
    assert sessions.find(session.id, now_ms=T0 + 8 * HOUR_MS) is None
    assert sessions.cause_of_end(session.id) is EndCause.MAX_AGE


def test_no_idle_limit_means_never():
    """session-timeout 0 or less keeps a session for ever, as in a web.xml."""
    sessions = WebSessions(SessionLimits(0), capacity=10)
    session = sessions.open(account(), now_ms=T0)
    assert sessions.find(session.id, now_ms=T0 + 10_000 * HOUR_MS) is session
    assert sessions.deadline_ms(session) is None


def test_voiding_a_user_ends_what_is_older_and_nobody_elses(sessions):
    """A later login, and other users, are never hurt by an earlier invalidation."""
    old = sessions.open(account("alice", epoch=0), now_ms=T0)
    new = sessions.open(account("alice", epoch=1), now_ms=T0)
    other = sessions.open(account("bob", epoch=0), now_ms=T0)
    assert sessions.void_user("KEY-alice", epoch=1) == 1
    assert sessions.find(old.id, now_ms=T0) is None
    assert sessions.cause_of_end(old.id) is EndCause.INVALIDATED
    assert sessions.find(new.id, now_ms=T0) is new
    assert sessions.find(other.id, now_ms=T0) is other


def test_a_spared_session_is_carried_over(sessions):
    """The session that changes its own password may be allowed to survive, as if born under the new epoch."""
    own, thief = (sessions.open(account("alice"), now_ms=T0) for _ in range(2))
    assert sessions.void_user("KEY-alice", epoch=1, spare=own.id) == 1
    assert sessions.find(own.id, now_ms=T0) is own
    assert own.epoch == 1
    assert sessions.find(thief.id, now_ms=T0) is None


def test_sparing_undoes_no_earlier_invalidation(sessions):
    """Epoch 1 was raised by another node and not heard of here; being spared from epoch 2 is no way around it."""
    own = sessions.open(account("alice", epoch=0), now_ms=T0)
    assert sessions.void_user("KEY-alice", epoch=2, spare=own.id) == 1
    assert sessions.cause_of_end(own.id) is EndCause.INVALIDATED


def test_ending_twice_is_harmless(sessions):
    """Two requests may find the same session overdue."""
    session = sessions.open(account(), now_ms=T0)
    sessions.end(session, EndCause.LOGOUT)
    sessions.end(session, EndCause.IDLE)
    assert sessions.cause_of_end(session.id) is EndCause.LOGOUT
    assert sessions.of_user("KEY-alice") == []


def test_a_full_node_drops_its_oldest_session():
    """Memory is bounded; the newest login gets in."""
    sessions = WebSessions(SessionLimits(IDLE_MS), capacity=2)
    first, second, third = (sessions.open(account(), now_ms=T0) for _ in range(3))
    assert sessions.find(first.id, now_ms=T0) is None
    assert sessions.cause_of_end(first.id) is EndCause.OVERFLOW
    assert sessions.find(second.id, now_ms=T0) is second
    assert sessions.find(third.id, now_ms=T0) is third


def test_sweeping_forgets_exactly_the_overdue(sessions):
    """Clean-up ends what a lookup would have ended, and nothing else."""
    idle = sessions.open(account(), now_ms=T0)
    busy = sessions.open(account(), now_ms=T0)
    sessions.find(busy.id, now_ms=T0 + 1)
    assert sessions.sweep(now_ms=T0 + IDLE_MS) == 1
    assert len(sessions) == 1
    assert sessions.cause_of_end(idle.id) is EndCause.IDLE


def test_an_unknown_session_has_no_cause(sessions):
    """A node that never had it, or was restarted, cannot say why."""
    assert sessions.cause_of_end("A" * 32) is EndCause.UNKNOWN


def test_the_session_hash_is_short_and_stable(sessions):
    """X-ASESSIONID names a session in logs without giving it away."""
    session = sessions.open(None, now_ms=T0)
    assert session.hash == session.hash
    assert re.fullmatch("[0-9a-z]{1,7}", session.hash)


def test_a_session_of_a_single_request_is_taken_for_a_bot():
    """60 s for nobody, 600 s for a user; the second request brings the configured limit back."""
    sessions = WebSessions(SessionLimits(IDLE_MS, bot_killer=True), capacity=10)
    crawler, script, person = (sessions.open(who, now_ms=T0) for who in (None, account("bob"), account()))
    assert sessions.find(person.id, now_ms=T0 + 1) is person
    assert sessions.sweep(now_ms=T0 + 59_999) == 0
    assert sessions.sweep(now_ms=T0 + 60_000) == 1
    assert sessions.cause_of_end(crawler.id) is EndCause.IDLE
    assert sessions.find(script.id, now_ms=T0 + 600_000) is None
    assert sessions.find(person.id, now_ms=T0 + IDLE_MS) is person


def test_the_bot_killer_leaves_short_idle_limits_alone():
    """Up to 600 s configured, and without any limit, nothing changes; nor does it when it is switched off."""
    for limits in (
        SessionLimits(600_000, bot_killer=True),
        SessionLimits(0, bot_killer=True),
        SessionLimits(IDLE_MS),
    ):
        session = WebSessions(limits, capacity=1).open(None, now_ms=T0)
        assert session.idle_ms == limits.idle_ms


def test_a_session_that_follows_another_is_no_bots():
    """Whoever looked at the login page and then logged in has made two requests."""
    sessions = WebSessions(SessionLimits(IDLE_MS, bot_killer=True), capacity=10)
    assert sessions.open(account(), now_ms=T0, is_first=False).idle_ms == IDLE_MS


def test_a_session_changes_hands(sessions):
    """Without the guard at login the id stays and the owner changes; what is void for one is not for the other."""
    session = sessions.open(None, now_ms=T0)
    sessions.give(session, account("bob", epoch=2))
    assert (session.epoch, sessions.of_user("KEY-bob")) == (2, [session])
    sessions.give(session, None)
    assert (session.epoch, sessions.of_user("KEY-bob")) == (0, [])
    sessions.end(session, EndCause.LOGOUT)
    sessions.give(session, account())
    assert sessions.of_user("KEY-alice") == []


def test_attributes_are_carried_over_but_for_the_list(sessions):
    """A login keeps what the visitor had, except what the exclude list names."""
    old, new = (sessions.open(None, now_ms=T0) for _ in range(2))
    old.put("kept", 1)
    old.put("dropped", 2)
    new.copy_attributes(old, but=("dropped",))
    assert (new.get("kept"), new.get("dropped"), new.take("kept"), new.get("kept")) == (1, None, 1, None)
    assert (sessions.open(None, now_ms=T0).get("kept"), sessions.open(None, now_ms=T0).take("kept")) == (None, None)


def test_why_a_session_ended_is_known_before_and_after_it_leaves_memory():
    """Ending it only marks it; those who come later throw it out, and a full node at once."""
    sessions = WebSessions(SessionLimits(0), capacity=3)
    first, second, third = (sessions.open(None, now_ms=T0) for _ in range(3))
    sessions.end(first, EndCause.LOGOUT)
    sessions.end(second, EndCause.INVALIDATED)
    assert (len(sessions), sessions.all()) == (1, [third])
    assert sessions.find(first.id, now_ms=T0) is sessions.peek(second.id) is None
    for _ in range(2):
        assert sessions.cause_of_end(first.id) is EndCause.LOGOUT
        assert sessions.cause_of_end(second.id) is EndCause.INVALIDATED
        for _ in range(3):
            sessions.open(None, now_ms=T0)
    assert sessions.cause_of_end(third.id) is EndCause.OVERFLOW
    assert len(sessions) == len(sessions.all()) == 3
    assert first.id not in sessions._by_id


def test_a_full_node_remembers_as_many_ends_as_any():
    """What it buried to make room is not buried a second time when the roster comes by."""
    sessions = WebSessions(SessionLimits(0), capacity=100)
    opened = [sessions.open(None, now_ms=T0) for _ in range(OBITUARIES_MAX + 5_000)]
    ended = opened[-100 - OBITUARIES_MAX : -100]
    assert {sessions.cause_of_end(session.id) for session in ended} == {EndCause.OVERFLOW}


def test_a_full_node_makes_room_among_many_that_ended():
    """The oldest that lives goes; the dead before it are no room to be made."""
    sessions = WebSessions(SessionLimits(0), capacity=400)
    alice = [sessions.open(account("alice"), now_ms=T0) for _ in range(100)]
    others = [sessions.open(None, now_ms=T0) for _ in range(300)]
    assert sessions.void_user(alice[0].account.user_key, epoch=2) == 100
    for _ in range(100):
        sessions.open(None, now_ms=T0)
    assert len(sessions) == 400
    assert not any(session.ended for session in others)
    sessions.open(None, now_ms=T0)
    assert [session.ended for session in others[:2]] == [EndCause.OVERFLOW, None]
    assert {sessions.cause_of_end(session.id) for session in alice} == {EndCause.INVALIDATED}
