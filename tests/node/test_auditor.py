"""The auditor: finds what invalidation left alive, and is silent while an invalidation is on its way."""

import asyncio
import random

import asyncpg
import pytest
from structlog.testing import capture_logs

from node.auditor import SAMPLE_MAX, Auditor
from node.caches import Caches
from node.crowd import CrowdCache
from node.invalidation.facts import DeliveryFacts
from node.web_sessions import EndCause, SessionLimits, WebSessions
from tests.support.accounts import account
from tests.support.eventually import eventually
from tests.support.nodes import running_node, two_nodes

LEASE_S = 2.0
NS = 1_000_000_000
T0 = 1_000_000_000


class Audited:
    """Caches and their auditor, with a clock and claims of the delivery that a test may set."""

    def __init__(self):
        self.caches = Caches(WebSessions(SessionLimits(0), capacity=10_000), CrowdCache(ttl_ms=900_000))
        self.now_ns = 0
        self.trusts = True
        self.applied = None
        self.auditor = Auditor(
            self.caches,
            lease_s=LEASE_S,
            chance=random.Random(1),
            may_trust_caches=lambda: self.trusts,
            facts=lambda: DeliveryFacts(applied=self.applied),
            clock=lambda: self.now_ns,
        )

    def log_in(self, name="alice", epoch=0):
        return self.caches.admit(account(name, epoch=epoch), since=self.caches.mark(), now_ms=T0)

    def round(self, *, after_s=LEASE_S / 4, head=0, **epochs):
        """One round that much later; epochs are the database's by user name."""
        self.now_ns += round(after_s * NS)
        drawn = self.auditor.draw()
        known = {f"KEY-{name}": epoch for name, epoch in epochs.items()}
        return [finding.session for finding in self.auditor.judge(drawn, known, head=head)]


@pytest.fixture
def audited():
    return Audited()


def test_a_stale_session_is_reported_once_and_within_two_leases(audited):
    """Not in the round that first sees it, only half a lease later, and never again."""
    session = audited.log_in()
    assert [audited.round(alice=1) for _ in range(8)] == [[], [], [session], [], [], [], [], []]
    assert audited.auditor.found == 1


def test_a_session_of_a_user_who_is_gone_is_stale(audited):
    """Deleting a user voids his sessions too."""
    session = audited.log_in()
    assert [audited.round(), audited.round(after_s=LEASE_S / 2)] == [[], [session]]


def test_an_invalidation_on_its_way_is_no_alarm(audited):
    """The session has ended by the time somebody would have complained."""
    session = audited.log_in()
    assert audited.round(alice=1) == []
    audited.caches.web_sessions.end(session, EndCause.INVALIDATED)
    assert audited.round(after_s=LEASE_S, alice=1) == []


def test_a_node_that_has_not_claimed_the_entry_is_given_time(audited):
    """While the log is being replayed the lease is still an old one, and it will not be renewed before the end."""
    session = audited.log_in()
    audited.applied = 4
    assert audited.round(head=5, alice=1) == []
    assert audited.round(after_s=10 * LEASE_S, head=9, alice=1) == []
    audited.applied = 5
    assert audited.round(head=9, alice=1) == [session]


@pytest.mark.parametrize("excuse", ["fenced", "below the floor", "proved again", "nobody's"])
def test_what_would_not_be_accepted_from_memory_is_no_alarm(audited, excuse):
    """A fenced node asks the database, and so does any node about a session below the floor."""
    session = audited.log_in()
    if excuse == "fenced":
        audited.trusts = False
    elif excuse == "below the floor":
        audited.caches.raise_floor()
    elif excuse == "proved again":
        session.epoch = 1
    else:
        audited.caches.web_sessions.give(session, None)
    assert [audited.round(after_s=LEASE_S, alice=1) for _ in range(4)] == [[], [], [], []]


def test_suspicion_starts_anew_when_the_node_was_fenced_meanwhile(audited):
    """Only unbroken trust in a stale session counts."""
    session = audited.log_in()
    audited.round(alice=1)
    audited.trusts = False
    audited.round(after_s=LEASE_S, alice=1)
    audited.trusts = True
    assert audited.round(alice=1) == []
    assert audited.round(after_s=LEASE_S / 2, alice=1) == [session]


def test_a_round_is_bounded_whatever_there_is(audited):
    """Thousands of stale sessions: a round asks about so many, remembers so many and no more."""
    for number in range(5_000):
        audited.log_in(f"user{number}")
    for _ in range(20):
        drawn = audited.auditor.draw()
        assert len(drawn) <= 2 * SAMPLE_MAX
        audited.auditor.judge(drawn, {}, head=0)
        assert len(audited.auditor._suspects) <= SAMPLE_MAX


def test_every_session_is_drawn_sooner_or_later(audited):
    """Chance reaches all of them, also after many have ended."""
    sessions = [audited.log_in(f"user{number}") for number in range(1_000)]
    for session in sessions[::3]:
        audited.caches.web_sessions.end(session, EndCause.LOGOUT)
    seen = {session.id for _ in range(60) for session in audited.auditor.draw()}
    assert seen == {session.id for session in sessions if not session.ended}


async def test_a_stale_session_on_a_real_node_is_found_within_two_leases(stores, database_url):
    """Somebody raised the epoch behind everybody's back: the log says who and which session, the status says how many."""
    with capture_logs() as lines:
        async with running_node(stores, database_url, lease_s=1.0) as node:
            browser = await node.logged_in("alice")
            await node.logged_in("bob")
            connection = await asyncpg.connect(database_url)
            await connection.execute("UPDATE cwd_user SET epoch = epoch + 1 WHERE user_name = 'alice'")
            await connection.close()

            async def found():
                return (await node.operator("GET", "/status"))["stale_accepts_found"]

            assert await eventually(found) == 1
            answer = await browser.who_am_i()
    (line,) = [line for line in lines if line["event"] == "stale session found"]
    assert (line["log_level"], line["user"], line["current_epoch"] - line["epoch"]) == ("error", "alice", 1)
    assert 0.5 <= line["known_real_s"] <= 2.0
    assert line["session"] == answer.headers["X-ASESSIONID"]


async def test_a_storm_of_invalidations_is_no_alarm(stores, database_url):
    """Logins and invalidations on both nodes, all the time, for several leases: nothing is reported."""
    async with two_nodes(stores, database_url, lease_s=0.4) as nodes:
        admins = [await node.logged_in("admin") for node in nodes]

        async def storm(node, admin, name):
            for _ in range(15):
                await node.browser().log_in(name, name)
                assert (await admin.request("DELETE", f"/rest/api/2/user/session/{name}")).status == 200

        await asyncio.gather(
            *(storm(node, admins[1 - i], name) for i, node in enumerate(nodes) for name in ("alice", "bob", "carol"))
        )
        for node in nodes:
            assert (await node.operator("GET", "/status"))["stale_accepts_found"] == 0
            assert "dcsim_app_stale_accepts_found_total 0.0" in await node.metrics()


async def test_before_9_11_nobody_audits(stores, database_url):
    """There a session outlives its invalidation on other nodes, and the documents say so."""
    async with running_node(stores, database_url, version="9.10", lease_s=0.05) as node:
        await node.logged_in("alice")
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE cwd_user SET epoch = epoch + 1")
        await connection.close()
        before = await node.operator("GET", "/status")
        for _ in range(20):
            after = await node.operator("GET", "/status")
        assert before["stale_accepts_found"] == after["stale_accepts_found"] == 0
