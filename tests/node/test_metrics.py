"""`GET /-/metrics`: every documented name is there, and each of them moves when what it counts happens."""

import asyncio

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from node.metrics import NAMES
from shared.bus import RedisBus
from shared.messages import Invalidation
from shared.schema import HEAD_LOCK
from tests.support.eventually import eventually
from tests.support.nodes import running_node

LEASE_S = 0.5


async def read(node):
    """Value by name, labels summed; None for a family without samples."""
    families = {family.name: family for family in text_string_to_metric_families(await node.metrics())}
    assert set(NAMES) <= families.keys()
    return {
        name: sum(sample.value for sample in families[name].samples) if families[name].samples else None
        for name in NAMES
    }


async def test_every_documented_name_moves(stores, database_url):
    """Everything that can happen to one node under the delivery with leases, one after the other."""
    moved = set()
    async with running_node(stores, database_url, lease_s=LEASE_S) as node:
        before = await read(node)

        async def all_but(*others):
            now = await read(node)
            moved.update(name for name in NAMES if now[name] != before[name])
            return {f"dcsim_app_{name}" for name in FENCED_NAMES} - moved <= {f"dcsim_app_{name}" for name in others}

        connection = await asyncpg.connect(database_url)
        await use(node)
        await miss_an_entry(connection)
        await hint_at_a_gap(stores, node)
        await connection.execute("UPDATE cwd_user SET epoch = epoch + 1 WHERE user_name = 'bob'")
        await eventually(
            lambda: all_but("fences", "heartbeats_failed", "floors", "directory_readings", "in_flight", "lag")
        )
        await trim_the_log(connection)
        await eventually(lambda: all_but("fences", "heartbeats_failed", "directory_readings", "in_flight", "lag"))
        await fence(node, connection, all_but)
        await connection.close()


async def test_the_depth_of_each_queue_is_shown(stores, database_url):
    """By destination: here a node that nobody can reach."""
    async with running_node(stores, database_url, delivery="queue") as node:
        connection = await asyncpg.connect(database_url)
        await connection.execute(
            "INSERT INTO clusternode SELECT 'node-2', node_state, timestamp, ip, cache_listener_port, "
            "node_build_number, node_version, url FROM clusternode"
        )
        await connection.close()
        admin = await node.logged_in("admin")
        assert (await admin.request("DELETE", "/rest/api/2/user/session/carol")).status == 200
        assert 'dcsim_app_queue_depth{destination="node-2"} 1.0' in await node.metrics()


FENCED_NAMES = [name.removeprefix("dcsim_app_") for name in NAMES if name != "dcsim_app_queue_depth"]


async def use(node):
    """Logins of both kinds and an anonymization."""
    alice = await node.logged_in("alice", remember=True)
    assert (await alice.carrying("seraph.rememberme.cookie").who_am_i()).status == 200
    await node.logged_in("bob")
    admin = await node.logged_in("admin")
    answer = await admin.request("POST", "/rest/api/2/user/anonymization", json={"userKey": "JIRAUSER10004"})
    assert answer.status == 202, answer

    async def is_done():
        return (await node.operator("GET", "/invalidations"))["invalidations"]

    await eventually(is_done)


async def miss_an_entry(connection):
    """An entry that no hint tells of: a heartbeat finds it."""
    await append(connection, "JIRAUSER9")


async def append(connection, user_key):
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", HEAD_LOCK)
        position = await connection.fetchval("UPDATE invalidation_head SET position = position + 1 RETURNING position")
        await connection.execute(
            "INSERT INTO invalidation_log VALUES ($1, 'x', $2, 1, 'test', 'node-9', true, '2026-01-01Z')",
            position,
            user_key,
        )


async def hint_at_a_gap(stores, node):
    event = Invalidation("far", 1_000, "JIRAUSER9", 1, "test", "node-9", 0)
    async with RedisBus.connect(stores.redis_url) as bus:
        await bus.publish(f"{node.settings.redis_namespace}:invalidation", event.encode())


async def trim_the_log(connection):
    """What is missed now cannot be read any more."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", HEAD_LOCK)
        await connection.execute("UPDATE invalidation_head SET position = position + 2")


async def fence(node, connection, all_but):
    """Heartbeats cannot get through for longer than a lease, and a request comes meanwhile."""
    carol = await node.logged_in("carol")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", HEAD_LOCK)

        async def is_fenced():
            assert (await carol.who_am_i()).status == 200
            return await all_but("in_flight", "lag")

        await eventually(is_fenced)
    slow = [asyncio.create_task(node.browser().log_in("carol", "carol")) for _ in range(20)]
    await eventually(lambda: all_but("lag"))
    await asyncio.gather(*slow)
    await eventually(lambda: all_but())
