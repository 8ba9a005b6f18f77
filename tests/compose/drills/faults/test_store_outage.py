"""Outages of servers that are dcsim's own."""

import pytest

from compose.cluster.safety_net import spread_safety_net
from compose.cluster.stores import open_stores
from compose.drills.faults import Unconfirmed, make_fault
from compose.drills.history.journal import Journal
from compose.drills.history.recorder import Recorder
from compose.drills.scene import Scene
from shared.bus import RedisBus
from tests.compose.drills.scenes import START

REFUSES = {"stop": "refuses connections", "kill": "refuses connections", "pause": "says nothing"}


async def test_our_own_servers_stop_die_and_hang_and_come_back(tmp_path):
    """Both, each way, seen from outside; afterwards they answer again, and Postgres has what it had."""
    ended = []
    async with spread_safety_net() as net, open_stores(net, on_exit=ended.append) as stores:
        url = await stores.postgres.create_database("kept")
        await stores.ready()
        with Journal(tmp_path / "history.jsonl") as journal:
            scene = Scene(None, stores, Recorder(journal, START), None)
            for kind in ("redis.outage", "postgres.outage"):
                for how, seen in REFUSES.items():
                    hold = await make_fault(kind, {"how": how}).inject(scene, kind.partition(".")[0])
                    assert seen in await hold.confirm(), (kind, how)
                    await hold.heal()
                    with pytest.raises(Unconfirmed):
                        await hold.confirm()
                    await hold.heal()
        async with RedisBus.connect(stores.redis_url) as bus:
            await bus.ping()
        assert await answers(url)
    assert ended == []


async def test_a_hung_postgres_hangs_on_connections_it_has(tmp_path):
    """Each is a process of its own, and would otherwise go on answering."""
    import asyncio

    import asyncpg

    async with spread_safety_net() as net, open_stores(net, on_exit=lambda _: None) as stores:
        url = await stores.postgres.create_database("held")
        await stores.ready()
        connection = await asyncpg.connect(url)
        scene = Scene(None, stores, None, None)
        hold = await make_fault("postgres.outage", {"how": "pause"}).inject(scene, "postgres")

        asked = asyncio.create_task(connection.fetchval("SELECT 1"))
        done, _ = await asyncio.wait({asked}, timeout=0.2)

        assert not done
        await hold.heal()
        assert await asked == 1
        await connection.close()


async def answers(url):
    import asyncpg

    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()
