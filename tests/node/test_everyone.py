"""Ending everybody's sessions, and the work that a million of them make, in pieces."""

import asyncpg
import pytest

from node.caches import Caches
from node.crowd import CrowdCache
from node.web_sessions import EndCause, Roster, SessionLimits, WebSessions
from tests.support.accounts import account
from tests.support.eventually import eventually
from tests.support.fenced_nodes import fenced_nodes
from tests.support.nodes import running_node, two_nodes
from tests.support.queue_nodes import queue_nodes

T0 = 1_000_000_000
IDLE_MS = 60_000


@pytest.fixture
def caches():
    return Caches(WebSessions(SessionLimits(IDLE_MS), capacity=100_000), CrowdCache(ttl_ms=IDLE_MS))


def opened(caches, count):
    return [caches.admit(account(f"user{n}"), since=caches.mark(), now_ms=T0) for n in range(count)]


@pytest.mark.parametrize("delivery", ["fenced", "queue", "pubsub"])
async def test_everyone_is_out_on_every_node(stores, database_url, delivery):
    """One entry without a user; no token is left, and whoever logs in afterwards stays in."""
    async with two_nodes(stores, database_url, delivery=delivery) as nodes:
        before = [await node.logged_in(name, remember=True) for node in nodes for name in ("alice", "bob")]
        receipt = await nodes[0].operator("POST", "/invalidate-everyone")
        assert (receipt["action"], receipt["user_key"], receipt["position"]) == ("everyone", None, 1)

        async def all_refused():
            return {(await browser.who_am_i()).status for browser in before} == {401}

        await eventually(all_refused)
        after = [await node.logged_in("alice") for node in nodes]
        connection = await asyncpg.connect(database_url)
        assert await connection.fetchval("SELECT count(*) FROM remembermetoken") == 0
        assert await connection.fetchval("SELECT user_key FROM invalidation_log") is None
        await connection.close()
        assert [(await browser.who_am_i()).known_via for browser in after] == ["web-session"] * 2
        assert ["dcsim_app_floors_total 1.0" in await node.metrics() for node in nodes] == [True, True]


@pytest.mark.parametrize("nodes", [fenced_nodes, queue_nodes])
@pytest.mark.parametrize("cut", [False, True], ids=["bus up", "bus away"])
async def test_each_active_user_costs_one_reading_where_it_was_asked_for(database_url, nodes, cut):
    """The node that performs it hears of it again by its own delivery; it is effective when the call returns."""
    async with nodes(database_url) as (a, _):
        before = await a.log_in()
        a.bus.cut = cut
        await a.actions.invalidate_everyone()
        assert not await a.accepts(before)
        after, readings = await a.log_in(), a.reader.readings
        assert await a.accepts(after)
        assert a.caches.floors == 1
        assert a.reader.readings == readings


async def test_a_batch_that_is_sent_again_raises_no_other_floor(database_url, monkeypatch):
    """In a queue the same entry comes until its acknowledgement has arrived."""
    monkeypatch.setattr("node.invalidation.queue.ACK_LIMIT_S", 0.05)
    async with queue_nodes(database_url) as (a, b):
        session = await b.log_in()
        a.bus.deaf = True
        await a.actions.invalidate_everyone()
        await eventually(lambda: len(b.applied) > 1)
        assert set(b.positions) == {1}
        assert b.caches.floors == 1
        assert not await b.accepts(session)


def test_a_later_entry_does_for_the_earlier_ones(caches):
    """By whichever way they come: once the database is asked after the later one, it knows of both."""
    floors = []
    for position in (2, 1, 2, 3):
        caches.void_everyone(position=position)
        floors.append(caches.floors)
    assert floors == [1, 1, 1, 2]


async def test_sessions_nobody_uses_again_are_cleaned_up(stores, database_url):
    """In the background, without a request; a session of the time after it is only lifted."""
    async with running_node(stores, database_url) as node:
        for name in ("alice", "bob", "carol"):
            await node.logged_in(name)
        await node.operator("POST", "/invalidate-everyone")
        stays = await node.logged_in("dave")

        async def users_left():
            caches = await node.operator("GET", "/caches")
            return [session["user"] for session in caches["web_sessions"] if session["user"]] == ["dave"]

        await eventually(users_left)
        assert (await stays.who_am_i()).known_via == "web-session"


def test_settling_lifts_the_good_and_ends_the_void(caches):
    """By what the database said after the floor was raised; a user who is gone is void."""
    good, behind, gone, newer = opened(caches, 4)
    caches.raise_floor()
    since = caches.mark()
    newer.epoch = 7
    epochs = {"KEY-user0": 0, "KEY-user1": 1, "KEY-user3": 6}
    assert [caches.settle(session, epochs, since=since) for session in (good, behind, gone, newer)] == [
        False,
        True,
        True,
        False,
    ]
    assert [caches.is_below_floor(good), caches.is_below_floor(newer)] == [False, True]
    assert caches.web_sessions.cause_of_end(behind.id) is EndCause.INVALIDATED
    assert len(caches.crowd) == 2


def test_a_sweep_looks_at_a_bounded_number_between_two_pauses(caches, monkeypatch):
    """However many sessions there are, and they may come and go in every pause."""
    monkeypatch.setattr("node.web_sessions.SWEEP_CHUNK", 50)
    monkeypatch.setattr("node.crowd.SWEEP_CHUNK", 50)
    sessions = opened(caches, 1_000)
    ended = []
    for number, count in enumerate(caches.sweep_in_chunks(now_ms=T0 + IDLE_MS)):
        ended.append(count)
        if number < 10:
            caches.web_sessions.end(sessions[number], EndCause.LOGOUT)
            caches.admit(account("late"), since=caches.mark(), now_ms=T0 + IDLE_MS)
    assert max(ended) <= 50
    assert len(caches.web_sessions) == 10
    assert [entry.account.username for entry in caches.crowd.all()] == ["late"]


def test_a_walk_meets_everyone_who_stays(caches):
    """Whoever is there from its beginning to its end is met exactly once, whatever ends and enters meanwhile."""
    sessions = opened(caches, 997)
    met = []
    for number, chunk in enumerate(caches.web_sessions.walk(10)):
        met += chunk
        for session in (sessions[number * 7], sessions[-1 - number * 3]):
            caches.web_sessions.end(session, EndCause.LOGOUT)
        caches.admit(account("new"), since=caches.mark(), now_ms=T0)
    stayed = [session for session in sessions if not session.ended]
    assert {session.id for session in stayed} <= {session.id for session in met}
    assert all(met.count(session) == 1 for session in stayed[::50])


def test_the_roster_forgets_the_dead(caches):
    """Logging in and out a hundred thousand times leaves no trail."""
    roster = caches.web_sessions._roster
    assert isinstance(roster, Roster)
    keep = opened(caches, 100)
    for _ in range(20_000):
        session = caches.admit(account("visitor"), since=caches.mark(), now_ms=T0)
        caches.web_sessions.end(session, EndCause.LOGOUT)
    assert len(roster) <= 2 * len(keep) + 2


def test_a_crowd_entry_that_is_noted_again_is_swept_later(caches):
    """The oldest note stands first, so a sweep stops at the first one that is still good."""
    opened(caches, 3)
    caches.crowd.note(account("user0"), now_ms=T0 + 1)
    assert sum(caches.crowd.sweep_in_chunks(now_ms=T0 + IDLE_MS)) == 2
    assert [entry.account.username for entry in caches.crowd.all()] == ["user0"]
