"""What invalidation costs a node as it grows: `python -m tests.bench.node_scale`. Needs no running cluster.

Voiding a user, with few and with many sessions in memory, in interleaved rounds; catching up with a log that was
missed, on real Postgres, by its length and by the number of sessions; and the check that every request makes before
memory is trusted. Prints both sides and the ratio; figures are real time, judge by the ratios.
"""

import argparse
import asyncio
import gc
import random
import statistics
import time
import timeit

import asyncpg

from node.caches import Caches
from node.crowd import CrowdCache
from node.identity import Account
from node.invalidation.lease import Lease, boot_ns
from node.session_gate import SessionGate
from node.web_sessions import SessionLimits, WebSessions
from shared import log
from shared.clock import FakeClock
from shared.settings import CrowdGate
from tests.support.fenced_nodes import fenced_nodes
from tests.support.stores import running_stores

T0 = 1_772_442_000_000
PER_USER = 5
ROUNDS = 9
VOIDED = 30
OTHER_WORK = bytearray(48 * 1024 * 1024)
"""Copied before a voiding, this leaves nothing of the sessions in the processor's caches, as the requests of a busy node
do; the bar is for that. One after the other, a thousand sessions are measured where a million never are, in the caches,
and the difference is memory being read: a session, its id, and the two places of a hash table where it stands, for each
session, at random places of some hundred megabytes. The third line shows what of that no index by id can do without."""


def account(number):
    return Account(f"JIRAUSER{number}", f"user{number}", f"User {number}", "u@example.com", True, 1, ("u",))


def filled(sessions):
    caches = Caches(WebSessions(SessionLimits(18_000_000), capacity=10**9), CrowdCache(ttl_ms=900_000))
    known = [account(number) for number in range(sessions // PER_USER)]
    for number in range(sessions):
        caches.web_sessions.open(known[number % len(known)], now_ms=T0)
    for one in known:
        caches.crowd.note(one, now_ms=T0)
    return caches


def void_us(caches, chance, users, *, cold):
    """Voiding some users drawn at random, the median of them; each gets new sessions afterwards."""
    times = []
    for number in chance.sample(range(users), VOIDED):
        if cold:
            bytes(OTHER_WORK)
        started = time.perf_counter_ns()
        voided = caches.void(f"JIRAUSER{number}", epoch=2)
        times.append((time.perf_counter_ns() - started) / 1e3)
        assert voided.sessions == PER_USER
        caches._revoked.clear()
        again = account(number)
        caches.crowd.note(again, now_ms=T0)
        for _ in range(PER_USER):
            caches.web_sessions.open(again, now_ms=T0)
    return statistics.median(times)


def bare_us(by_id, chance, users):
    """The same number of users, but only what no way of keeping sessions by their id can do without: each id is looked
    up once and taken out of a plain dict."""
    times = []
    held = list(by_id.values())
    for number in chance.sample(range(users), VOIDED):
        sessions = held[number::users]
        started = time.perf_counter_ns()
        for session in sessions:
            del by_id[session.id]
        times.append((time.perf_counter_ns() - started) / 1e3)
        by_id.update((session.id, session) for session in sessions)
    return statistics.median(times)


def voiding(few, many):
    chance = random.Random(1)
    small, large = filled(few), filled(many)
    gc.collect()
    gc.freeze()
    print(f"voiding a user with {PER_USER} sessions, {ROUNDS} rounds of {VOIDED} (bar: ratio at most 1.5)")
    ids = [{session.id: session for session in caches.web_sessions.all()} for caches in (small, large)]
    sides = {
        "after other work": lambda caches, _, users: void_us(caches, chance, users, cold=True),
        "one after the other": lambda caches, _, users: void_us(caches, chance, users, cold=False),
        "a bare dict's share": lambda _, by_id, users: bare_us(by_id, chance, users),
    }
    for name, measure in sides.items():
        rounds = []
        for _ in range(ROUNDS):
            one = measure(small, ids[0], few // PER_USER)
            rounds.append((one, measure(large, ids[1], many // PER_USER)))
        ratios = [other / one for one, other in rounds]
        few_us, many_us = (statistics.median(side) for side in zip(*rounds, strict=True))
        print(
            f"  {name:<20} {few:,}: {few_us:5.1f} us, {many:,}: {many_us:5.1f} us, "
            f"ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]"
        )
    return large


def checking(caches):
    """What the accept path adds: the look at the lease; and for comparison the whole answer from memory."""
    lease = Lease(3600.0)
    lease.extend(boot_ns())
    clock = FakeClock(rate=0)
    session = next(iter(caches.web_sessions.all()))
    caches.crowd.note(session.account, now_ms=clock.now_ms())

    def gate(trust):
        return SessionGate(None, caches, clock, gate=CrowdGate.BOTH, may_trust_caches=trust)

    guarded, unguarded = gate(lease.holds), gate(lambda: True)
    number = 200_000
    sides = {
        "the lease alone": lease.holds,
        "answer from memory, lease looked at": lambda: guarded.from_memory(session),
        "answer from memory, unguarded": lambda: unguarded.from_memory(session),
    }
    print("the check before memory is trusted (bar: at most 1 us for the lease); no await is in it")
    for name, function in sides.items():
        print(f"  {name:<36} {min(timeit.repeat(function, number=number, repeat=7)) / number * 1e6:6.3f} us")


async def catching_up(sessions):
    """A node that hears nothing, and then a heartbeat of it: how long until it has applied everything."""
    print("catching up with the log (bar: 10,000 entries within 1 s, linear, whatever the number of sessions)")
    print(f"  {'entries':>8} {'sessions':>10} {'ms':>8} {'us an entry':>12}")
    with running_stores() as stores:
        url = await stores.fresh_database()
        for present in (1_000, sessions):
            async with fenced_nodes(url, 1, lease_s=3600.0) as (node,):
                for number in range(present):
                    node.caches.web_sessions._capacity = 10**9
                    node.caches.web_sessions.open(account(number // PER_USER), now_ms=T0)
                for entries in (1_000, 10_000, 20_000):
                    took = statistics.median([await miss(url, node, entries) for _ in range(3)])
                    print(f"  {entries:>8,} {present:>10,} {took * 1e3:8.0f} {took / entries * 1e6:12.1f}")
        await stores.drop_database(url)


async def miss(url, node, entries):
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO invalidation_log SELECT position + n, 'x', 'JIRAUSER-' || n, 1, 'bench', 'node-9', true, '2026-01-01Z' "
        "FROM invalidation_head, generate_series(1, $1::int) AS n",
        entries,
    )
    await connection.execute("UPDATE invalidation_head SET position = position + $1", entries)
    await connection.close()
    started = time.perf_counter()
    await node.delivery._renew()
    took = time.perf_counter() - started
    assert node.delivery.applied == node.delivery.head
    return took


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=1_000_000)
    given = parser.parse_args()
    log.configure(level="error")
    checking(voiding(1_000, given.sessions))
    asyncio.run(catching_up(given.sessions))


if __name__ == "__main__":
    main()
