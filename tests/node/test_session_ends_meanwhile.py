"""A session that ends while a request that brought it is still under way."""

import pytest

from node.caches import Caches
from node.crowd import CrowdCache
from node.logins import Logins, SessionGuard
from node.web_sessions import EndCause, SessionLimits, WebSessions
from shared.clock import FakeClock
from tests.support.accounts import account

IDLE_MS = 5 * 3_600_000


@pytest.fixture
def clock():
    return FakeClock(rate=0)


@pytest.fixture
def caches():
    return Caches(WebSessions(SessionLimits(IDLE_MS), capacity=100), CrowdCache(ttl_ms=IDLE_MS))


def opened(caches, clock, owner):
    if owner is None:
        return caches.web_sessions.open(None, now_ms=clock.now_ms())
    return caches.admit(account(owner), since=caches.mark(), now_ms=clock.now_ms())


@pytest.mark.parametrize("renews", [True, False])
@pytest.mark.parametrize("owner", ["alice", "bob", None])
def test_a_login_is_not_answered_with_a_dead_session(caches, clock, owner, renews):
    """Ended while the password was judged: it counts as none, and a new one is opened."""
    guard = SessionGuard(renew=renews)
    logins = Logins(None, None, caches, clock, remember_me_age_ms=1, max_failed_logins=3, session_guard=guard)
    session = opened(caches, clock, owner)
    session.put("left", "behind")
    since = caches.mark()
    caches.web_sessions.end(session, EndCause.INVALIDATED)
    established = logins.establish(account("alice"), session, since=since)
    assert established is not session
    assert caches.web_sessions.find(established.id, now_ms=clock.now_ms()) is established
    assert established.attribute_names() == []
    assert caches.web_sessions.cause_of_end(session.id) is EndCause.INVALIDATED
