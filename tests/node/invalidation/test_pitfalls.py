"""The pitfalls of invalidation over a bus, one test each (reference: invalidation.md 2). Every test fails when the
guard it is about is taken out."""

import asyncio
import time

import asyncpg
import pytest

from node.invalidation import lease as lease_module
from node.invalidation.lease import LeaseRow
from node.invalidation.pubsub import PubSubDelivery
from node.invalidation.receipts import Outcome
from node.store import invalidation_log, leases
from node.store.engine import open_database
from shared.bus import MemoryBus, Message, RedisBus, Subscribed
from shared.errors import CallerError, OperatorError
from shared.messages import PROTOCOL, Invalidation
from shared.schema import HEAD_LOCK
from tests.support.eventually import eventually
from tests.support.fenced_nodes import LEASE_S, FaultyBus, FencedNode, fenced_nodes

LONG_S = 60.0
"""A lease so long that no heartbeat helps during the test."""


def outcomes(receipt):
    return {part.node_id: part.outcome for part in receipt.nodes}


async def caught_up(node, position):
    return node.delivery.applied >= position


async def test_p1_what_was_lost_while_reconnecting_is_found(stores, database_url):
    """A new subscription means that anything may have been missed: the log is read at once, not at some heartbeat."""
    async with RedisBus.connect(stores.redis_url) as bus, fenced_nodes(database_url, lease_s=LONG_S, bus=bus) as (a, b):
        session = await b.log_in()
        await eventually(lambda: b.delivery.counters.heartbeats)  # the one that its first subscription asks for
        before = b.delivery.counters.subscriptions
        a.bus.cut = True  # the hint is lost for everybody
        call = asyncio.create_task(a.invalidate())
        await eventually(lambda: head_of(a))
        assert b.delivery.applied == 0
        await bus._redis.client_kill_filter(_type="pubsub")
        await eventually(lambda: caught_up(b, 1))
        assert b.delivery.counters.subscriptions > before
        assert not await b.accepts(session)
        call.cancel()


async def head_of(node):
    async with node.database.transaction() as connection:
        return await invalidation_log.head(connection)


async def test_p2_a_silent_bus_is_no_reason_to_be_stale(database_url):
    """A frozen link says nothing and raises nothing; the heartbeat reads the head from the database all the same."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        b.bus.deaf = True
        receipt = await a.invalidate()
        assert outcomes(receipt)["node-2"] in (Outcome.APPLIED, Outcome.FENCED)
        assert not await b.accepts(session)


async def test_p3_what_was_loaded_before_an_invalidation_is_not_stored_after_it(database_url):
    """A Crowd check that read the old row does not vouch for anybody once the invalidation has been applied."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        since, old = b.caches.mark(), await b.account()
        await a.invalidate()
        assert not b.caches.renew(session, old, since=since, now_ms=b.policy.now_ms())
        assert b.caches.crowd.vouch(old.user_key, epoch=old.epoch, now_ms=b.policy.now_ms()) is None


async def test_p4_a_session_is_not_brought_back_by_whoever_still_holds_it(database_url):
    """A long request that began before the invalidation opens no session when it ends after it."""
    async with fenced_nodes(database_url) as (a, b):
        since, old = b.caches.mark(), await b.account()
        await a.invalidate()
        assert b.caches.admit(old, since=since, now_ms=b.policy.now_ms()) is None
        assert len(b.caches.web_sessions) == 0


async def test_p5_logins_that_race_with_the_action_leave_nothing_behind(database_url):
    """Whatever a login read before the commit is refused after the call has returned; what it read later is good."""
    async with fenced_nodes(database_url, 3) as nodes:
        for _ in range(15):
            logins = [asyncio.create_task(node.log_in(dawdle_s=n / 200)) for node in nodes for n in range(8)]
            receipt = await nodes[0].invalidate()
            for node, session in zip([n for n in nodes for _ in range(8)], await asyncio.gather(*logins), strict=True):
                if session is not None:
                    assert await node.accepts(session) is (session.epoch >= receipt.event.epoch)


async def test_p6_no_clock_is_compared_with_another_machines(database_url):
    """Boot clocks years apart and policy clocks minutes apart change nothing."""
    async with fenced_nodes(database_url, 0) as _, open_database(database_url, pool_size=8) as database:
        bus = MemoryBus()
        nodes = [FencedNode(f"node-{n}", database, FaultyBus(bus), LONG_S) for n in (1, 2)]
        nodes[0].boot.offset_ns = 10**18
        nodes[1].policy.skew(-300_000)
        try:
            await asyncio.gather(*(node.join() for node in nodes))
            session = await nodes[1].log_in()
            assert nodes[1].delivery.may_trust_caches()
            assert outcomes(await nodes[0].invalidate()) == {"node-2": Outcome.APPLIED}
            assert not await nodes[1].accepts(session)
            session = await nodes[0].log_in()
            assert outcomes(await nodes[1].invalidate()) == {"node-1": Outcome.APPLIED}
            assert not await nodes[0].accepts(session)
        finally:
            for node in nodes:
                await node.die()
                node.passwords.close()


async def test_p7_a_lease_runs_out_while_the_machine_is_suspended(database_url):
    """The boot-time clock counts the suspension, and the lease is looked at when the decision is made."""
    async with fenced_nodes(database_url, lease_s=LONG_S) as (_, b):
        assert b.delivery.may_trust_caches()
        b.boot.offset_ns += round(LONG_S * 1e9)
        assert not b.delivery.may_trust_caches()
    assert lease_module.boot_ns.args == (getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC),)


async def test_p8_a_node_that_wakes_from_a_pause_asks_before_it_answers(database_url):
    """Before its bus reader has run, and before any heartbeat: the first request already goes to the database."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        await b.die()
        receipt = await a.invalidate()
        assert outcomes(receipt) == {"node-2": Outcome.FENCED}
        assert b.delivery.applied == 0
        assert not await b.accepts(session)


async def test_p9_the_same_event_twice_or_late_is_the_event_once(database_url):
    """Doubled messages do nothing, and a login after the action survives a copy that comes afterwards."""
    async with fenced_nodes(database_url) as (a, b):
        b.bus.double = True
        await b.log_in()
        receipt = await a.invalidate()
        later = await b.log_in()
        await a.bus.publish("fenced", receipt.event.encode())
        await eventually(lambda: duplicates(b, 2))
        assert b.applies == 1
        assert await b.accepts(later)


async def duplicates(node, count):
    return node.delivery.counters.duplicates >= count


async def test_p10_comparison_decides_and_not_arrival(database_url):
    """Somebody who logs in after the commit and before the message arrives stays in when it does."""
    async with fenced_nodes(database_url, lease_s=LONG_S) as (a, b):
        old = await b.log_in()
        b.bus.hold = True
        call = asyncio.create_task(a.invalidate())
        await eventually(lambda: head_of(a))
        new = await b.log_in()
        assert (old.epoch, new.epoch) == (0, 1)
        b.bus.hold = False
        for message in b.bus.held:
            b.delivery._receive(message.payload)
        await call
        assert await b.accepts(new)
        assert not await b.accepts(old)


async def test_p11_a_node_that_joins_in_the_middle_is_waited_for_or_has_seen_it(database_url):
    """During a storm of invalidations: whoever logs in on the newcomer before an action is out after it."""
    async with (
        fenced_nodes(database_url, 1, lease_s=LONG_S) as (a,),
        open_database(database_url, pool_size=8) as database,
    ):
        stop = asyncio.Event()

        async def storm():
            while not stop.is_set():
                await a.invalidate("bob")

        storming = asyncio.create_task(storm())
        try:
            for number in range(5):
                newcomer = FencedNode(f"newcomer-{number}", database, FaultyBus(a.bus.bus), LONG_S)
                await newcomer.join()
                assert newcomer.delivery.incarnation in await incarnations(a)
                session = await newcomer.log_in()
                receipt = await a.invalidate()
                assert outcomes(receipt)[newcomer.id] is Outcome.APPLIED
                assert not await newcomer.accepts(session)
                await newcomer.delivery.leave()
                await newcomer.die()
                newcomer.passwords.close()
        finally:
            stop.set()
            await storming


async def incarnations(node):
    async with node.database.transaction() as connection:
        return {row.incarnation for row in await leases.all_leases(connection)}


async def test_p12_a_reader_that_was_thrown_off_for_being_slow_learns_that_it_was(stores):
    """The server closes a subscriber whose buffer overflows; the bus reports a new subscription after it."""
    async with RedisBus.connect(stores.redis_url) as bus:
        redis = bus._redis
        before = (await redis.config_get("client-output-buffer-limit"))["client-output-buffer-limit"]
        await redis.config_set("client-output-buffer-limit", "pubsub 32kb 16kb 1")
        try:
            events = bus.subscribe("slow")
            assert await anext(events) == Subscribed()
            payload = b"x" * 10_000
            for _ in range(2000):
                await bus.publish("slow", payload)
            seen = 0
            while not isinstance(event := await asyncio.wait_for(anext(events), 20), Subscribed):
                assert isinstance(event, Message)
                seen += 1
            assert seen < 2000
            await events.aclose()
        finally:
            await redis.config_set("client-output-buffer-limit", before)


async def test_p13_a_bus_that_was_replaced_takes_no_position_with_it(database_url):
    """The subscriber sits on the old server, the publisher on the new one; the head in the database tells."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        a.bus.bus = MemoryBus()
        receipt = await a.invalidate()
        assert outcomes(receipt)["node-2"] in (Outcome.APPLIED, Outcome.FENCED)
        assert not await b.accepts(session)


async def test_p14_positions_do_not_come_from_redis(stores, database_url):
    """A Redis that forgets everything does not make a number come twice."""
    async with RedisBus.connect(stores.redis_url) as bus, fenced_nodes(database_url, bus=bus) as (a, b):
        first = await a.invalidate()
        await bus._redis.flushall()
        second = await b.invalidate()
        assert (first.event.position, second.event.position) == (1, 2)
        await eventually(lambda: caught_up(a, 2))


async def test_p15_nobody_sees_a_position_before_the_one_below_it(database_url):
    """A transaction that has taken its position and not committed holds up the next, so no reader can skip it."""
    async with fenced_nodes(database_url, 1) as (a,), open_database(database_url, pool_size=4) as database:
        account = await a.account("bob")
        async with database.transaction() as connection:
            await invalidation_log.lock_head(connection)
            await invalidation_log.append(
                connection, user_key=account.user_key, epoch=1, action="x", origin="node-9", is_told=True, now_ms=0
            )
            second = asyncio.create_task(a.invalidate())
            async with database.transaction() as reader:
                assert await invalidation_log.entries_after(reader, 0, limit=10) == []
            assert not second.done()
        assert (await second).event.position == 2
        async with database.transaction() as reader:
            entries = await invalidation_log.entries_after(reader, 0, limit=10)
        assert [entry.event.position for entry in entries] == [1, 2]


async def test_p16_a_commit_without_a_message_is_found_and_a_rollback_has_none(database_url):
    """The log entry is part of the transaction; the bus is only a hint."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        a.bus.cut = True
        await a.invalidate()
        assert not await b.accepts(session)
        a.bus.cut = False
        gone = await a.account("carol")
        await a.actions.delete_user(gone)
        sent = len([p for p in a.bus.published if Invalidation.decode(p)])
        with pytest.raises(CallerError):
            await a.actions.delete_user(gone)
        assert len([p for p in a.bus.published if Invalidation.decode(p)]) == sent
        assert await head_of(a) == 2


async def test_p17_a_trimmed_log_costs_a_question_and_no_logout(database_url):
    """Who finds a hole raises a floor: the voided session is over, everybody else's goes on."""
    async with fenced_nodes(database_url) as (a, b):
        victim, bystander = await b.log_in("alice"), await b.log_in("bob")
        await b.die()
        for _ in range(3):
            await a.invalidate("alice")
        async with a.database.transaction() as connection:
            await invalidation_log.trim(connection, keep=1, head=3)
        await b.delivery._renew()
        assert b.delivery.counters.floors == 1
        assert b.delivery.applied == 3
        assert b.delivery.may_trust_caches()
        assert not await b.accepts(victim)
        assert await b.accepts(bystander)
        readings = b.reader.readings
        assert await b.accepts(bystander)
        assert b.reader.readings == readings


async def test_p18_after_a_fault_each_active_user_costs_one_reading(database_url):
    """However many requests wait for the same answer, and nobody who does not come costs anything."""
    async with fenced_nodes(database_url) as (_, b):
        sessions = [await b.log_in(name) for name in ("alice", "bob", "carol") for _ in range(20)]
        idle = await b.log_in("dave")
        b.caches.raise_floor()
        before = b.reader.readings
        assert all(await asyncio.gather(*(b.accepts(session) for session in sessions)))
        assert all(await asyncio.gather(*(b.accepts(session) for session in sessions)))
        assert b.reader.readings - before == 3
        assert b.caches.is_below_floor(idle)


async def test_p18_nobody_is_answered_with_a_reading_that_began_before_he_asked(database_url):
    """A request that starts after an invalidation must not share a reading from before it."""
    async with fenced_nodes(database_url) as (_, b):
        account = await b.account()
        began = []
        read = b.reader._read

        async def slow(user_key):
            began.append(time.monotonic_ns())
            await asyncio.sleep(0.02)
            return await read(user_key)

        b.reader._read = slow
        first = asyncio.create_task(b.reader.read(account.user_key))
        await asyncio.sleep(0.005)
        asked = time.monotonic_ns()
        others = [asyncio.create_task(b.reader.read(account.user_key)) for _ in range(10)]
        await asyncio.gather(first, *others)
        assert len(began) == 2
        assert began[1] >= asked


async def test_p19_only_the_very_same_event_is_ones_own(database_url):
    """Two nodes invalidate the same user at the same time; both events are applied on both."""
    async with fenced_nodes(database_url) as (a, b):
        sessions = {node: await node.log_in() for node in (a, b)}
        await asyncio.gather(a.invalidate(), b.invalidate())
        for node in (a, b):
            await eventually(lambda node=node: caught_up(node, 2))
            assert node.applies == 2
            assert not await node.accepts(sessions[node])


async def test_p19_plain_pubsub_too_knows_its_own_by_the_event(database_url):
    """An event of another node for a user one has just invalidated oneself is not mistaken for one's own echo."""
    bus, applied = MemoryBus(), []
    deliveries = [PubSubDelivery(bus, applied.append, node_id=f"node-{n}", channel="c") for n in (1, 2)]
    listening = [asyncio.Event() for _ in deliveries]
    tasks = [asyncio.create_task(d.run(event)) for d, event in zip(deliveries, listening, strict=True)]
    await asyncio.gather(*(event.wait() for event in listening))
    events = [Invalidation(f"e{n}", n, "same-user", n, "x", f"node-{n}", 0) for n in (1, 2)]
    async with open_database(database_url, pool_size=1) as database:
        for delivery, event in zip(deliveries, events, strict=True):
            async with database.transaction() as connection:
                send = await delivery.record(connection, event)
            await send()
    await eventually(lambda: len(applied) == 2)
    assert {event.event_id for event in applied} == {"e1", "e2"}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_p20_another_protocol_does_not_join(database_url):
    """A node of another release is told apart before it serves anybody; a canary crosses the whole path on each."""
    async with fenced_nodes(database_url) as (a, b):
        for node in (a, b):
            await eventually(lambda node=node: canary_heard(node))
        async with a.database.transaction() as connection:
            await leases.renew(connection, LeaseRow("node-9", "future", 1, 0, 2_000), protocol=PROTOCOL + 1)
        newcomer = FencedNode("node-3", a.database, FaultyBus(a.bus.bus), LEASE_S)
        with pytest.raises(BaseExceptionGroup) as caught:
            await newcomer.join()
        assert caught.group_contains(OperatorError, match="node-9")
        newcomer.passwords.close()


async def canary_heard(node):
    return node.delivery.counters.canary_ns > 0


async def test_p21_an_older_copy_is_worth_nothing_when_its_user_comes_back(database_url):
    """The user was on B, B was out of reach, the user was invalidated and worked on A: B's old session is refused."""
    async with fenced_nodes(database_url) as (a, b):
        old = await b.log_in()
        b.bus.cut = True
        await a.invalidate()
        await a.log_in()
        b.bus.cut = False
        assert not await b.accepts(old)


async def test_p22_a_step_that_fails_is_made_up_for_unconditionally(database_url):
    """An error while an event is applied ends in a floor, and neither in a dead listener nor in a skipped event."""
    async with fenced_nodes(database_url, lease_s=LONG_S) as (a, b):
        session, bystander = await b.log_in("alice"), await b.log_in("bob")

        def fail(_event):
            raise RuntimeError("as asked")

        b.delivery._apply = fail
        assert outcomes(await a.invalidate()) == {"node-2": Outcome.APPLIED}
        assert not await b.accepts(session)
        assert await b.accepts(bystander)
        assert not b.task.done()


async def test_p23_one_missing_message_is_one_too_many(database_url):
    """Exactly one hint is lost and then there is silence; the heartbeat finds it."""
    async with fenced_nodes(database_url) as (a, b):
        session = await b.log_in()
        b.bus.lose = 1
        await a.invalidate()
        assert b.bus.lose == 0
        await eventually(lambda: caught_up(b, 1))
        assert not await b.accepts(session)


async def test_p23_a_gap_is_filled_before_what_follows_it(database_url):
    """The second of two events arrives without the first: nothing is skipped."""
    async with fenced_nodes(database_url, lease_s=LONG_S) as (a, b):
        alice, bob = await b.log_in("alice"), await b.log_in("bob")
        b.bus.lose = 1
        first = asyncio.create_task(a.invalidate("alice"))
        await eventually(lambda: head_of(a))
        second = asyncio.create_task(a.invalidate("bob"))
        await asyncio.wait_for(asyncio.gather(first, second), 10)
        assert b.delivery.counters.gaps == 1
        assert not await b.accepts(alice)
        assert not await b.accepts(bob)


async def test_p24_who_cannot_be_seen_is_waited_for_all_the_same(database_url):
    """The wait set is made of leases in the database, not of who listens on the bus."""
    async with fenced_nodes(database_url, 3) as (a, b, c):
        session = await b.log_in()
        b.bus.cut = True
        receipt = await a.invalidate()
        assert set(outcomes(receipt)) == {"node-2", "node-3"}
        assert not await b.accepts(session)
        assert c.delivery.applied == 1


async def test_p25_nobody_waits_for_the_dead_for_longer_than_their_lease(database_url):
    """The call names the dead node as fenced; the next call does not wait for it at all, and its row goes."""
    async with fenced_nodes(database_url) as (a, b):
        await b.die()
        receipt = await a.invalidate()
        assert outcomes(receipt) == {"node-2": Outcome.FENCED}
        assert receipt.waited_ms < 3 * LEASE_S * 1000  # not a measurement: ten times more would be a lost bound
        again = await a.invalidate()
        assert outcomes(again) == {"node-2": Outcome.FENCED}
        assert again.waited_ms < receipt.waited_ms or receipt.waited_ms < 100


async def test_a_polite_leaver_is_not_waited_for(database_url):
    """Its row is gone and so is its lease."""
    async with fenced_nodes(database_url) as (a, b):
        await b.delivery.leave()
        assert not b.delivery.may_trust_caches()
        await b.die()
        assert outcomes(await a.invalidate()) == {}


async def test_a_node_cut_off_from_the_database_is_fenced_within_its_lease(database_url):
    """It stops trusting its caches by itself, whatever the bus says, and trusts them again once it is back."""
    async with fenced_nodes(database_url) as (_, b):
        assert b.delivery.may_trust_caches()
        connection = await asyncpg.connect(database_url)
        await connection.execute("SELECT pg_advisory_lock($1)", HEAD_LOCK)
        await eventually(lambda: fenced(b))
        await connection.close()
        await eventually(lambda: trusting(b))
        assert b.delivery.counters.fences >= 1


async def test_a_bus_that_swallows_everything_costs_no_lease_and_no_patience(database_url):
    """Publishing hangs: heartbeats go on, the node trusts its caches, and the call waits for nodes, not for the bus."""
    async with fenced_nodes(database_url) as (a, b):

        async def swallow(_channel, _payload):
            await asyncio.Event().wait()

        a.bus.publish = b.bus.publish = swallow
        session = await b.log_in()
        beats = a.delivery.counters.heartbeats
        receipt = await asyncio.wait_for(a.invalidate(), 10 * LEASE_S)
        assert outcomes(receipt)["node-2"] in (Outcome.APPLIED, Outcome.FENCED)
        assert not await b.accepts(session)
        await eventually(lambda: beaten(a, beats + 4))
        assert a.delivery.may_trust_caches()
        assert a.delivery.counters.heartbeats_failed == 0


async def beaten(node, count):
    return node.delivery.counters.heartbeats >= count


async def fenced(node):
    return not node.delivery.may_trust_caches()


async def trusting(node):
    return node.delivery.may_trust_caches()
