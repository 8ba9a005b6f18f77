"""A session that ends, or changes hands, while a request that brought it is still under way."""

import asyncio

import pytest

from node.caches import Caches
from node.crowd import CrowdCache
from node.logins import Logins, SessionGuard
from node.session_gate import SessionGate
from node.store import users
from node.web_sessions import EndCause, SessionLimits, WebSessions
from shared.clock import FakeClock
from shared.contract import LOGIN_REASON, SESSION_ENDED, USER_NAME
from shared.settings import CrowdGate, Switches
from tests.support.accounts import account
from tests.support.eventually import eventually
from tests.support.fenced_nodes import fenced_nodes
from tests.support.nodes import running_node

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


@pytest.mark.parametrize("gate", CrowdGate)
def test_memory_does_not_vouch_for_a_dead_session(caches, clock, gate):
    """Not even while the Crowd entry is fresh, as it is after a logout."""
    asked = SessionGate(None, caches, clock, gate=gate, may_trust_caches=lambda: True)
    session = opened(caches, clock, "alice")
    assert asked.from_memory(session) == account("alice")
    caches.web_sessions.end(session, EndCause.LOGOUT)
    assert asked.from_memory(session) is None


@pytest.mark.parametrize("gate", CrowdGate)
async def test_a_body_that_comes_late_is_not_answered_for_a_dead_session(stores, database_url, gate):
    """The session is found, the login fields are waited for, the same browser logs out, and the attempt fails."""
    async with running_node(stores, database_url, switches=Switches(crowd_gate=gate)) as node:
        browser = await node.logged_in("alice")
        logs_out = asyncio.Event()

        async def body():
            yield b"os_username=alice&"
            await logs_out.wait()
            yield b"os_password=wrong"

        async def is_waiting():
            return (await node.operator("GET", "/status"))["in_flight"] == 1

        headers = {"Cookie": f"JSESSIONID={browser.session_id}", "Content-Type": "application/x-www-form-urlencoded"}
        post = node.client.post(f"{node.url}/login.jsp", data=body(), headers=headers, allow_redirects=False)
        late = asyncio.create_task(post)
        await eventually(is_waiting)
        await browser.request("DELETE", "/rest/auth/1/session")
        logs_out.set()
        async with await late as answer:
            assert answer.headers[LOGIN_REASON] == "AUTHENTICATED_FAILED"
            assert answer.headers[USER_NAME] == "anonymous"
            assert answer.headers[SESSION_ENDED] == "logout"


class Asked:
    """A node whose directory answers only when it is told to."""

    def __init__(self, node):
        self.node = node
        self.read = asyncio.Event()
        self.answer = asyncio.Event()
        self._read = node.reader._read
        node.reader._read = self._slow

    async def _slow(self, user_key):
        found = await self._read(user_key)
        self.read.set()
        await self.answer.wait()
        return found


@pytest.fixture
async def asked(database_url):
    async with fenced_nodes(database_url, 1) as (node,):
        yield Asked(node)


async def test_a_session_that_ends_while_the_directory_is_asked_stays_over(asked):
    """What the directory says is about the user; the session is over for another reason."""
    node, session = asked.node, await asked.node.log_in()
    renewing = asyncio.create_task(node.gate.renew(session))
    await asked.read.wait()
    node.caches.web_sessions.end(session, EndCause.LOGOUT)
    asked.answer.set()
    assert await renewing is None
    assert node.caches.web_sessions.cause_of_end(session.id) is EndCause.LOGOUT
    assert await node.gate.renew(session) is None


@pytest.mark.parametrize("new_owner", [None, "bob"])
async def test_a_session_that_changes_hands_while_the_directory_is_asked_stays_with_its_new_owner(asked, new_owner):
    """It was emptied, or handed over, by another request: it does not go back to whom the first one asked about."""
    node, session = asked.node, await asked.node.log_in()
    renewing = asyncio.create_task(node.gate.renew(session))
    await asked.read.wait()
    owner = await node.account(new_owner) if new_owner else None
    node.caches.web_sessions.give(session, owner)
    asked.answer.set()
    assert await renewing is None
    assert session.account == owner
    assert not session.ended


async def test_a_session_proved_again_while_the_directory_is_asked_is_not_held_against_the_old_answer(asked):
    """The answer is of the time before; the session's user has logged in since, after an invalidation."""
    node, session = asked.node, await asked.node.log_in()
    renewing = asyncio.create_task(node.gate.renew(session))
    await asked.read.wait()
    async with node.database.transaction() as connection:
        epoch = await users.raise_epoch(connection, session.account.user_key)
    assert node.caches.prove_again(session, await node.account(), since=node.caches.mark(), now_ms=0)
    asked.answer.set()
    assert (await renewing).epoch == epoch
    assert not session.ended
