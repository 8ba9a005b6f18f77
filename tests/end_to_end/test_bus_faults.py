"""What a fault of the bus costs those whom nobody invalidates: nothing but, at most, one look at the directory."""

import asyncio
import re
from dataclasses import dataclass

import pytest

from compose.people.browser import open_client
from shared.contract import KNOWN_VIA, OPERATOR_TOKEN, SESSION_COOKIE
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster
from tests.support.nemeses import NEMESES, Scene, all_well
from tests.support.stale_load import StaleLoad

BUS_FAULTS = [name for name in NEMESES if name.startswith(("bus-", "message-"))]
OTHERS = 300
"""Requests with ended and good sessions of other users, who are being invalidated all the while."""
ATTEMPTS = 3
"""A node that is held up for a lease asks the directory on each request until it has caught up, and rightly; it says
nothing about the fault. Where that happened to all of them the fault strikes again."""


@dataclass(frozen=True)
class Counted:
    """What a node has counted so far: looks at the directory, and times its lease ran out."""

    readings: float
    fences: float


async def counted_by(client, cluster):
    """By node."""
    found = {}
    for node in cluster.nodes.values():
        url = f"{node.operator_url}/-/metrics"
        async with client.get(url, headers={OPERATOR_TOKEN: cluster.admin_token}) as answer:
            text = await answer.text()
        found[node.id] = Counted(
            *(
                float(re.search(rf"^dcsim_app_{name}(?:_total)? (\S+)$", text, re.M)[1])
                for name in ("directory_readings", "fences")
            )
        )
    return found


async def ask_all(client, load):
    """What knew the user of each session, one request each."""

    async def ask(session):
        cookies = {"Cookie": f"{SESSION_COOKIE}={session.id}"}
        async with client.get(f"{load.urls[session.node]}/rest/api/2/serverInfo", headers=cookies) as answer:
            return answer.headers[KNOWN_VIA]

    sessions = [session for person in load.people for session in person.sessions.values()]
    return await asyncio.gather(*(ask(session) for session in sessions))


@pytest.mark.parametrize("nodes", [3])
async def test_no_bus_fault_logs_out_whom_nobody_invalidated(nodes):
    """Each of their sessions is good afterwards on every node, and recovery reads each active user at most once."""
    async with cheap_cluster(nodes=nodes, delivery=Delivery.FENCED) as (cluster, stores), open_client() as client:
        urls = {node.id: node.url for node in cluster.nodes.values()}
        untouched = StaleLoad(client, urls, users=8, seed=1, prefix="untouched")
        await untouched.create_users()
        await untouched.log_everybody_in()
        for fault in BUS_FAULTS:
            for attempt in range(ATTEMPTS):
                others = StaleLoad(client, urls, users=4, seed=2, prefix=f"other-{fault}-{attempt}")
                await others.create_users()
                await others.log_everybody_in()
                before = await counted_by(client, cluster)
                scene = Scene(cluster, stores, others, None, BUS_FAULTS.index(fault))
                striking = asyncio.create_task(NEMESES[fault](scene, 1.5))
                await others.run(operations=OTHERS, askers=1)
                assert set(await ask_all(client, untouched)) == {"web-session"}, fault
                assert await striking, fault
                await all_well(cluster)
                assert await ask_all(client, untouched) == ["web-session"] * 8 * nodes, fault
                after = await counted_by(client, cluster)
                active = len(untouched.people) + len(others.people)
                kept_lease = [node for node in urls if after[node].fences == before[node].fences]
                read = {node: after[node].readings - before[node].readings for node in kept_lease}
                assert all(count <= active for count in read.values()), (fault, before, after)
                if kept_lease:
                    break
            assert kept_lease, f"{fault}: every node's lease ran out, {ATTEMPTS} times; the machine is too busy to tell"
        assert cluster.ended == []
