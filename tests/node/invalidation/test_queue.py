"""The durable queues: late after a fault, complete and in order after it, and no guarantee meanwhile."""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from node.cluster import OFFLINE
from node.invalidation.facts import Backlog, backlog
from node.invalidation.receipts import Outcome
from node.store import cluster_nodes
from shared.bus import RedisBus
from shared.contract import SESSION_COOKIE
from shared.schema import HEAD_LOCK
from tests.support.eventually import eventually
from tests.support.nodes import running_node, two_nodes
from tests.support.queue_nodes import queue_nodes


def outcomes(receipt):
    return {part.node_id: part.outcome for part in receipt.nodes}


async def nothing_waits(node):
    return not await node.waiting()


@pytest.fixture(params=["memory", "redis"])
async def bus(request, stores):
    """The bus in memory and the real one."""
    if request.param == "memory":
        yield None
        return
    async with RedisBus.connect(stores.redis_url) as bus:
        yield bus


async def test_every_other_node_applies_it_and_the_queue_is_empty_again(database_url, bus):
    """The healthy case: acknowledged, deleted, and the sessions there are gone."""
    async with queue_nodes(database_url, 3, bus=bus) as (a, b, c):
        sessions = [(node, await node.log_in()) for node in (b, c)]
        receipt = await a.invalidate()
        assert set(outcomes(receipt)) == {"node-2", "node-3"}
        await eventually(lambda: nothing_waits(a))
        assert b.positions == c.positions == [1]
        assert [await node.accepts(session) for node, session in sessions] == [False, False]


async def test_an_acknowledgement_within_the_moment_counts_as_applied(database_url, monkeypatch):
    """The call says APPLIED only when the node has said so, and QUEUED as long as it has not."""
    monkeypatch.setattr("node.invalidation.queue.MOMENT_S", 10.0)
    async with queue_nodes(database_url) as (a, _):
        assert outcomes(await a.invalidate()) == {"node-2": Outcome.APPLIED}
    monkeypatch.setattr("node.invalidation.queue.MOMENT_S", 0.0)
    async with queue_nodes(database_url) as (a, b):
        b.bus.deaf = True
        assert outcomes(await a.invalidate()) == {"node-2": Outcome.QUEUED}


async def test_a_broken_bus_makes_it_late_and_never_wrong(database_url):
    """Unlike pubsub: what was invalidated while the line was cut is applied after it heals, all of it, in order."""
    async with queue_nodes(database_url) as (a, b):
        session = await b.log_in()
        a.bus.cut = True
        for name in ("alice", "bob", "alice", "carol"):
            assert outcomes(await a.invalidate(name)) == {"node-2": Outcome.QUEUED}
        assert await b.accepts(session)  # nobody is fenced: this is the price of the queue
        assert a.delivery.facts().undelivered == {"node-2": 4}
        await eventually(lambda: a.delivery.facts().counters["retries"] > 1)
        a.bus.cut = False
        await eventually(lambda: nothing_waits(a))
        assert b.positions == [1, 2, 3, 4]
        assert not await b.accepts(session)
        assert a.delivery.facts().undelivered == {"node-2": 0}


async def test_a_lost_acknowledgement_means_the_same_batch_again(database_url, monkeypatch):
    """Delivered twice, applied twice, and the second time changes nothing for whoever has logged in since."""
    monkeypatch.setattr("node.invalidation.queue.ACK_LIMIT_S", 0.05)
    async with queue_nodes(database_url) as (a, b):
        a.bus.deaf = True
        await a.invalidate()
        await eventually(lambda: len(b.applied) > 1)
        later = await b.log_in()
        a.bus.deaf = False
        await eventually(lambda: nothing_waits(a))
        assert set(b.positions) == {1}
        assert await b.accepts(later)


async def test_order_is_kept_under_a_storm(database_url):
    """Hundreds of calls at once from two senders: each sender's events arrive in the order of their positions."""
    async with queue_nodes(database_url, 3) as (a, b, c):
        c.bus.double = True
        names = ("alice", "bob", "carol", "dave")
        await asyncio.gather(*(node.invalidate(names[i % 4]) for i in range(40) for node in (a, b)))
        await eventually(lambda: nothing_waits(a), within_s=30)
        await eventually(lambda: nothing_waits(b), within_s=30)
        for origin in ("node-1", "node-2"):
            told = [event.position for event in c.applied if event.origin == origin]
            first_told = list(dict.fromkeys(told))
            assert first_told == sorted(first_told)
            assert len(first_told) == 40


async def test_the_queue_survives_its_sender(database_url):
    """Rows of the node's earlier life are found at its start and delivered without anybody asking."""
    async with queue_nodes(database_url) as (a, b):
        a.bus.cut = True
        for name in ("alice", "bob"):
            await a.invalidate(name)
        await a.die()
        a.bus.cut = False
        assert b.applied == []
        heir = await a.live_again()
        await eventually(lambda: nothing_waits(heir))
        assert b.positions == [1, 2]


async def test_a_call_that_outlives_the_delivery_is_carried_out(database_url):
    """A node that is being stopped still answers what it was asked, also when it names a destination for the first
    time; the rows wait for the node's next life."""
    async with queue_nodes(database_url) as (a, b):
        await a.die()
        assert outcomes(await a.invalidate()) == {"node-2": Outcome.QUEUED}
        assert await a.waiting() == {"node-2": 1}
        heir = await a.live_again()
        await eventually(lambda: nothing_waits(heir))
        assert b.positions == [1]


async def test_the_queue_survives_its_destination(database_url):
    """A node that comes back is told what it missed; its new sessions do not mind."""
    async with queue_nodes(database_url) as (a, b):
        await b.die()
        await a.invalidate()
        heir = await b.live_again()
        session = await heir.log_in()
        await eventually(lambda: nothing_waits(a))
        assert heir.positions == [1]
        assert await heir.accepts(session)


async def test_the_five_minute_ghost(database_url):
    """A killed node stays ACTIVE, so its queue grows; when the cluster takes it OFFLINE it grows no more, and when it
    is removed the queue goes with it."""
    async with queue_nodes(database_url) as (a, b):
        await b.die()
        for expected in (1, 2, 3):
            assert outcomes(await a.invalidate()) == {"node-2": Outcome.QUEUED}
            assert await a.waiting() == {"node-2": expected}
        async with a.database.transaction() as connection:
            await cluster_nodes.set_state(connection, "node-2", OFFLINE, now_ms=1)
        assert outcomes(await a.invalidate()) == {}
        assert await a.waiting() == {"node-2": 3}
        async with a.database.transaction() as connection:
            await cluster_nodes.remove(connection, "node-2")
        assert await a.waiting() == {}
        await eventually(lambda: a.delivery.facts().undelivered == {"node-2": 0})


async def test_a_node_before_9_11_gets_no_queue(database_url):
    """It would never acknowledge what it cannot understand."""
    async with queue_nodes(database_url) as (a, b):
        await b.enter_cluster(version="9.10.0")
        assert outcomes(await a.invalidate()) == {"node-2": Outcome.NOT_TOLD}
        assert await a.waiting() == {}


async def test_a_message_that_cannot_be_read_holds_up_nothing(database_url):
    """It is logged and skipped; what stands behind it is applied."""
    async with queue_nodes(database_url) as (a, b):
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "INSERT INTO replication_queue (sender, destination, payload, created) VALUES ('node-1', 'node-2', 'x', 0)"
        )
        await connection.close()
        await a.invalidate()
        await eventually(lambda: nothing_waits(a))
        assert b.positions == [1]


async def test_rolled_back_is_never_queued(database_url):
    """The row is written by the transaction that invalidates, or not at all."""
    async with queue_nodes(database_url) as (a, _):
        alice = await a.account()
        await a.actions.delete_user(alice)
        await eventually(lambda: nothing_waits(a))
        with pytest.raises(Exception, match="does not exist"):
            await a.actions.end_sessions(alice)
        assert await a.waiting() == {}


@pytest.mark.parametrize(
    ("count", "level"),
    [(0, "fine"), (999, "fine"), (1_000, "warn"), (99_999, "warn"), (100_000, "error"), (10**7, "error")],
)
def test_thresholds_are_jiras(count, level):
    """The health check warns at 1,000 undelivered messages and fails at 100,000."""
    assert backlog(count) is Backlog(level)


async def test_a_queue_that_is_too_long_is_logged_once(database_url):
    """One warning when it reaches 1,000, one error at 100,000, one line when it is empty again."""
    with capture_logs() as lines:
        async with queue_nodes(database_url) as (_, b):
            await b.die()
            connection = await asyncpg.connect(database_url)
            for count in (1_000, 99_000):
                await connection.execute(
                    "INSERT INTO replication_queue (sender, destination, payload, created) "
                    "SELECT 'node-1', 'node-2', 'x', 0 FROM generate_series(1, $1::int)",
                    count,
                )
                known = len(levels(lines))
                await eventually(lambda known=known: len(levels(lines)) > known)
            await connection.execute("DELETE FROM replication_queue")
            await connection.close()
            await eventually(lambda: len(levels(lines)) == 3)
    assert levels(lines) == [("warning", 1_000), ("error", 100_000), ("info", 0)]


def levels(lines):
    return [(line["log_level"], line["undelivered"]) for line in lines if line["event"] == "replication queue"]


async def test_real_nodes_tell_each_other_by_queue(stores, database_url):
    """The whole way: an administrator's call on one node ends the session on the other, and the operator sees no rest."""
    async with two_nodes(stores, database_url, delivery="queue") as (here, there):
        victim, admin = await there.logged_in("alice"), await here.logged_in("admin")
        assert (await admin.request("DELETE", "/rest/api/2/user/session/alice")).status == 200

        async def is_refused():
            return (await victim.carrying(SESSION_COOKIE).who_am_i()).session_ended

        assert await eventually(is_refused) == "invalidated"

        async def nothing_undelivered():
            status = await here.operator("GET", "/status")
            return status["undelivered"] == {"node-2": {"count": 0, "level": "fine"}}

        await eventually(nothing_undelivered)


async def test_a_node_that_was_down_is_told_when_it_is_back(stores, database_url):
    """The queue waits in Postgres for a node that nobody can reach."""
    async with running_node(stores, database_url, "node-1", delivery="queue") as here:
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "INSERT INTO clusternode SELECT 'node-2', node_state, timestamp, ip, cache_listener_port, "
            "node_build_number, node_version, url FROM clusternode"
        )
        admin = await here.logged_in("admin")
        assert (await admin.request("DELETE", "/rest/api/2/user/session/alice")).status == 200
        count = "SELECT count(*) FROM replication_queue"
        assert await connection.fetchval(count) == 1
        async with running_node(stores, database_url, "node-2", delivery="queue"):

            async def is_empty():
                return await connection.fetchval(count) == 0

            await eventually(is_empty)
        await connection.close()


async def test_a_caller_who_hangs_up_stops_nothing(database_url):
    """The call is broken off while its transaction waits for the head lock; it is carried out all the same, here too."""
    async with queue_nodes(database_url) as (a, b):
        sessions = [(node, await node.log_in()) for node in (a, b)]
        alice = await a.account()
        connection = await asyncpg.connect(database_url)
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", HEAD_LOCK)
            call = asyncio.create_task(a.actions.end_sessions(alice))
            await eventually(lambda: waits_for_a_lock(connection))
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            assert call.cancelled()
        await connection.close()

        async def all_ended():
            return not any([await node.accepts(session) for node, session in sessions])

        await eventually(all_ended)
        await eventually(lambda: [receipt.event.position for receipt in a.receipts.latest(5)] == [1])


async def waits_for_a_lock(connection):
    return await connection.fetchval(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
