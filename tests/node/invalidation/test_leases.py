"""The rows of the lease table: written, judged and removed, each only by who may."""

import asyncio
from contextlib import asynccontextmanager

from sqlalchemy import delete, func, select

from node.invalidation.lease import NS, LeaseRow, LeaseWatch
from node.invalidation.receipts import Outcome
from node.store import leases
from node.store.engine import open_database
from shared.bus import MemoryBus
from shared.errors import DependencyError
from shared.messages import PROTOCOL
from shared.schema import HEAD_LOCK, node_leases
from tests.support.eventually import eventually
from tests.support.fenced_nodes import FaultyBus, FencedNode, fenced_nodes

LONG_S = 60.0
"""A lease so long that there is no heartbeat but those the test asks for."""
AWAY_NS = round(LONG_S * 11 * NS)


@asynccontextmanager
async def quiet_nodes(database_url, count=2):
    """Nodes that have had the heartbeat their first subscription asks for, and have no other by themselves."""
    async with fenced_nodes(database_url, count, lease_s=LONG_S) as nodes:
        for node in nodes:
            await eventually(lambda node=node: node.delivery.counters.heartbeats)
        yield nodes


async def rows_of(node):
    async with node.database.transaction() as connection:
        return {row.node_id: row for row in await leases.all_leases(connection)}


async def beat(*nodes):
    for node in nodes:
        await node.delivery._renew()


async def test_who_was_away_for_long_removes_nobody_who_was_not(database_url):
    """A node wakes after eleven leases, and the others have renewed theirs meanwhile: calls still wait for them."""
    async with quiet_nodes(database_url, 3) as (a, b, c):
        await beat(a, b, c)
        a.boot.offset_ns += AWAY_NS
        await beat(a)
        assert set(await rows_of(a)) == {"node-1", "node-2", "node-3"}
        a.bus.cut = True
        session = await b.log_in()
        call = asyncio.create_task(a.invalidate())
        await eventually(lambda: a.delivery.head)
        await beat(b, c)  # they find it in the log, say so in the next heartbeat's row, and A reads that in its own
        await beat(b, c, a)
        assert {part.node_id: part.outcome for part in (await call).nodes} == {
            "node-2": Outcome.APPLIED,
            "node-3": Outcome.APPLIED,
        }
        assert not await b.accepts(session)


async def test_after_an_outage_for_all_everybody_has_a_row_again(database_url):
    """Nobody could renew for eleven leases; whoever does first removes no row of one who has done so too."""
    async with quiet_nodes(database_url, 3) as nodes:
        await beat(*nodes, *nodes)
        for node in nodes:
            node.boot.offset_ns += AWAY_NS
        for number, node in enumerate(nodes, 1):
            await beat(node)
            held = {f"node-{one}" for one in range(1, number + 1)}
            assert held <= set(await rows_of(node))
            assert all(one.delivery.lease.holds() for one in nodes[:number])


async def test_a_row_that_is_being_renewed_is_left_alone_and_not_waited_for(database_url):
    """Two nodes that take each other for dead in the same moment would wait for each other's rows."""
    async with quiet_nodes(database_url) as (a, b):
        await beat(a)
        row = (await rows_of(b))["node-2"]
        a.boot.offset_ns += AWAY_NS
        async with b.database.transaction() as connection:
            renewed = LeaseRow(row.node_id, row.incarnation, row.beats + 1, row.applied, row.lease_ms)
            await leases.renew(connection, renewed, protocol=PROTOCOL)
            async with asyncio.timeout(20):
                await beat(a)
        assert (await rows_of(a))["node-2"] == renewed


async def test_the_row_of_a_life_that_is_long_over_goes(database_url):
    """A node that was killed is not waited for by newcomers for ever."""
    async with quiet_nodes(database_url) as (a, b):
        await b.die()
        await beat(a)
        a.boot.offset_ns += AWAY_NS
        await beat(a)
        assert set(await rows_of(a)) == {"node-1"}


async def test_a_row_that_was_removed_comes_back_as_nobody_has_seen_it(database_url):
    """With a number of beats it had before, whoever saw that would take the new lease for the old one."""
    async with quiet_nodes(database_url) as (a, b):
        seen = set()
        for _ in range(3):
            await beat(b)
            seen.add((await rows_of(a))["node-2"].beats)
        async with a.database.transaction() as connection:
            await connection.execute(delete(node_leases).where(node_leases.c.node_id == "node-2"))
        for _ in range(3):
            await beat(b)
            assert (await rows_of(a))["node-2"].beats not in seen


class LosesAnAnswer:
    """A database that commits the first transaction and does not say so."""

    def __init__(self, database):
        self.database = database
        self.lost = 0

    @asynccontextmanager
    async def transaction(self):
        async with self.database.transaction() as connection:
            yield connection
        if not self.lost:
            self.lost += 1
            raise DependencyError("the answer was lost by the test")


async def test_a_join_whose_answer_was_lost_is_repeated(database_url):
    """The row is there already: the node's own, and no reason not to join."""
    async with open_database(database_url, pool_size=2) as database:
        node = FencedNode("node-1", LosesAnAnswer(database), FaultyBus(MemoryBus()), LONG_S)
        try:
            async with asyncio.timeout(20):
                await node.join()
            assert node.database.lost == 1
            assert set(await rows_of(node)) == {"node-1"}
        finally:
            await node.die()
            node.passwords.close()


async def test_a_heartbeat_under_way_does_not_outlast_the_leaving(database_url):
    """It waits for the head lock while the node leaves, and must not write the row that was just given back."""
    async with quiet_nodes(database_url) as (a, b):
        async with a.database.transaction() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(HEAD_LOCK)))
            beating = asyncio.create_task(beat(b))
            await eventually(lambda: somebody_waits_for_a_lock(a))
            leaving = asyncio.create_task(b.delivery.leave())
            await asyncio.wait({leaving}, timeout=0.5)  # long enough to delete a row, if it did not wait its turn
        await asyncio.gather(beating, leaving)
        assert set(await rows_of(a)) == {"node-1"}


async def somebody_waits_for_a_lock(node):
    async with node.database.transaction() as connection:
        asked = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return (await connection.exec_driver_sql(asked)).scalar_one()


def test_a_lease_lasts_as_long_as_its_holder_says():
    """Settings may differ between nodes, above all while they are being changed: it is the holder who trusts."""
    watch = LeaseWatch(clock=lambda: 1_000 * NS)
    long, short = (LeaseRow("node-2", life, 1, 0, lease_ms) for life, lease_ms in (("a", 10_000), ("b", 100)))
    watch.observe([long, short])
    assert watch.over_at_ns(long, read_ns=1_007 * NS) == 1_000 * NS + 10.2 * NS
    assert watch.over_at_ns(short, read_ns=1_007 * NS) == 1_000 * NS + 0.102 * NS
    assert LeaseWatch().over_at_ns(long, read_ns=1_007 * NS) == 1_007 * NS + 10.2 * NS
