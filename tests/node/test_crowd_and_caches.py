"""The Crowd cache, and the door through which sessions enter a node's memory."""

import pytest

from node.caches import Caches
from node.crowd import CrowdCache, still_good
from node.web_sessions import SessionLimits, WebSessions
from tests.support.accounts import account

TTL_MS = 15 * 60_000
T0 = 1_000_000_000


@pytest.fixture
def caches():
    return Caches(WebSessions(SessionLimits(5 * 3_600_000), capacity=100), CrowdCache(ttl_ms=TTL_MS))


def test_an_entry_vouches_for_less_than_fifteen_minutes():
    """At most fifteen minutes old, to the millisecond."""
    crowd = CrowdCache(ttl_ms=TTL_MS)
    crowd.note(account(), now_ms=T0)
    assert crowd.vouch("KEY-alice", epoch=0, now_ms=T0 + TTL_MS - 1) == account()
    assert crowd.vouch("KEY-alice", epoch=0, now_ms=T0 + TTL_MS) is None


def test_use_does_not_prolong_an_entry():
    """Absolute, not sliding: a user who clicks every minute is checked again after fifteen."""
    crowd = CrowdCache(ttl_ms=TTL_MS)
    crowd.note(account(), now_ms=T0)
    for minute in range(15):
        assert crowd.vouch("KEY-alice", epoch=0, now_ms=T0 + minute * 60_000)
    assert crowd.vouch("KEY-alice", epoch=0, now_ms=T0 + TTL_MS) is None


def test_a_newer_logins_entry_does_not_vouch_for_an_old_session():
    """Or else a thief would live on as long as the victim keeps working."""
    crowd = CrowdCache(ttl_ms=TTL_MS)
    crowd.note(account(epoch=1), now_ms=T0)
    assert crowd.vouch("KEY-alice", epoch=0, now_ms=T0) is None
    assert crowd.vouch("KEY-alice", epoch=1, now_ms=T0)


@pytest.mark.parametrize(
    ("found", "good"),
    [
        (account(epoch=2), True),
        (account(epoch=3), False),
        (account(epoch=2, active=False), False),
        (None, False),
    ],
    ids=["unchanged", "epoch raised", "deactivated", "deleted"],
)
def test_what_the_directory_must_say_for_a_session_to_go_on(found, good):
    """The user exists, is active, and nothing was invalidated since the session's birth."""
    assert still_good(found, epoch=2) is good


def test_voiding_drops_session_and_entry_together(caches):
    """Both places where a node remembers a user are cleared by one call, which tells the cost."""
    session = caches.admit(account(), since=caches.mark(), now_ms=T0)
    voided = caches.void("KEY-alice", epoch=1)
    assert (voided.sessions, voided.crowd_entries) == (1, 1)
    assert caches.web_sessions.find(session.id, now_ms=T0) is None
    assert caches.crowd.vouch("KEY-alice", epoch=0, now_ms=T0) is None


def test_voiding_twice_is_voiding_once(caches):
    """A message may arrive twice, or long after a newer login."""
    caches.void("KEY-alice", epoch=1)
    later = caches.admit(account(epoch=1), since=caches.mark(), now_ms=T0)
    assert caches.void("KEY-alice", epoch=1).sessions == 0
    assert caches.web_sessions.find(later.id, now_ms=T0) is later


def test_a_login_that_was_overtaken_does_not_get_in(caches):
    """P4, P5: the password or token was read before the invalidation, the session would be born after it."""
    caches.void("KEY-alice", epoch=1)
    assert caches.admit(account(epoch=0), since=caches.mark(), now_ms=T0) is None
    assert len(caches.web_sessions) == len(caches.crowd) == 0


def test_a_renewal_that_was_overtaken_ends_the_session(caches):
    """P3: the directory was read before the invalidation; what was read must not be noted after it."""
    session = caches.admit(account(epoch=0), since=caches.mark(), now_ms=T0)
    caches._revoked["KEY-alice"] = 1
    assert not caches.renew(session, account(epoch=0), since=caches.mark(), now_ms=T0)
    assert caches.web_sessions.find(session.id, now_ms=T0) is None


def test_proving_again_lifts_a_session_to_the_new_epoch(caches):
    """Somebody who logs in again with the new password on his old session keeps its id and is no thief."""
    session = caches.admit(account(epoch=0), since=caches.mark(), now_ms=T0)
    caches._revoked["KEY-alice"] = 1
    assert caches.prove_again(session, account(epoch=1), since=caches.mark(), now_ms=T0)
    assert session.epoch == 1


@pytest.fixture
def forgetful(caches, monkeypatch):
    """Remembers three revocations."""
    monkeypatch.setattr("node.caches.REVOKED_MAX", 3)
    for number in range(3):
        caches.void(f"KEY-early{number}", epoch=1)
    return caches


def test_what_others_were_revoked_for_costs_an_untouched_user_nothing(forgetful):
    """A memory that is full forgets the oldest with each new one; what was read a moment ago is as good as ever."""
    since = forgetful.mark()
    forgetful.void("KEY-bob", epoch=1)
    session = forgetful.admit(account(), since=since, now_ms=T0)
    assert not forgetful.is_below_floor(session)
    forgetful.void("KEY-carol", epoch=1)
    assert forgetful.renew(session, account(), since=since, now_ms=T0)
    assert not forgetful.is_below_floor(session)


def overtaken(caches):
    """A mark, and as many revocations after it that its own may have been among those forgotten."""
    since = caches.mark()
    for number in range(4):
        caches.void(f"KEY-late{number}", epoch=1)
    return since


def test_a_login_that_may_have_been_overtaken_is_let_in_and_asked_about(forgetful):
    """Nobody knows it to be void, so it is not refused; memory does not vouch for it either."""
    session = forgetful.admit(account(), since=overtaken(forgetful), now_ms=T0)
    assert forgetful.is_below_floor(session)
    assert len(forgetful.crowd) == 0


def test_a_session_is_not_ended_by_what_is_not_known(forgetful):
    """Neither by a look at the directory nor by the cleaning below the floor: it is asked about again."""
    renewed, settled = (forgetful.admit(account(), since=forgetful.mark(), now_ms=T0) for _ in range(2))
    forgetful.raise_floor()
    since = overtaken(forgetful)
    assert forgetful.renew(renewed, account(), since=since, now_ms=T0)
    assert not forgetful.settle(settled, {"KEY-alice": 0}, since=since)
    for session in (renewed, settled):
        assert not session.ended
        assert forgetful.is_below_floor(session)


def test_a_revocation_is_remembered_until_its_mark_is_too_old(forgetful):
    """Whatever was read before it is refused as long as the node claims to remember."""
    since = forgetful.mark()
    forgetful.void("KEY-alice", epoch=1)
    while forgetful.remembers(since):
        assert forgetful.admit(account(), since=since, now_ms=T0) is None
        forgetful.void(f"KEY-{forgetful._revocations}", epoch=1)
    assert forgetful.is_below_floor(forgetful.admit(account(), since=since, now_ms=T0))
