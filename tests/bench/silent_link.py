"""How soon is a node fenced whose link falls silent? `python -m tests.bench.silent_link --link postgres --times 100`.

Real processes. One link of one node, or both, freeze without a word: connections stay open and nothing passes. From
then on the node cannot prove that it has heard everything, so its lease must be over within one lease (2 s), from when
the link is frozen until the node's own metrics say so. The moment of the freeze is drawn at random within a heartbeat.

With the bus alone frozen the node is not fenced and need not be: it goes on reading the log with each heartbeat. What
is measured then is how long it takes until a call made elsewhere after the freeze has returned and the node has applied
it; the bar is the same. What is seen is seen late by one reading of the metrics; the slowest of them, and the pause
between two, is printed and is the slack of the bar.
Exit code 0: every time within the bar; 1: not.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import time

from compose.people.browser import open_client
from shared.contract import OPERATOR_TOKEN
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster
from tests.support.eventually import POLL_S, eventually
from tests.support.nemeses import LEASE_S
from tests.support.stale_load import ADMIN

HEARTBEAT_S = LEASE_S / 4
LINKS = {"postgres": ("postgres",), "redis": ("redis",), "both": ("postgres", "redis")}
LEASE_LEFT, APPLIED = "lease_left_seconds", "applied_position"


class Node:
    """One node of the cluster, seen through its metrics."""

    def __init__(self, cluster, client, node, chance):
        self._cluster = cluster
        self._client = client
        self._node = node
        self._chance = chance
        self.slowest_s = 0.0

    async def metric(self, name):
        started = time.monotonic()
        headers = {OPERATOR_TOKEN: self._cluster.admin_token}
        async with self._client.get(f"{self._node.operator_url}/-/metrics", headers=headers) as answer:
            text = await answer.text()
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
        return float(re.search(rf"^dcsim_app_{name} (\S+)$", text, re.M)[1])

    async def silenced_s(self, link):
        """From the freeze until the node is fenced, or has applied what it was not told."""
        await eventually(self.is_trusted)
        await asyncio.sleep(self._chance.uniform(0, HEARTBEAT_S))
        try:
            await asyncio.gather(*(self._cluster.links.fault(f"{self._node.id}->{to}", "freeze") for to in LINKS[link]))
            frozen = time.monotonic()
            if link == "redis":
                position = await self._invalidate()
                await eventually(lambda: self.has_applied(position))
            else:
                await eventually(self._is_fenced)
            return time.monotonic() - frozen
        finally:
            await asyncio.gather(*(self._cluster.links.heal(f"{self._node.id}->{to}") for to in LINKS[link]))

    async def is_trusted(self):
        return await self.metric(LEASE_LEFT) > 0

    async def has_applied(self, position):
        return await self.metric(APPLIED) >= position

    async def _is_fenced(self):
        return not await self.is_trusted()

    async def _invalidate(self):
        """Through another node; the position it got."""
        other = next(node for node in self._cluster.nodes.values() if node is not self._node)
        before = await self.metric(APPLIED)
        async with self._client.delete(f"{other.url}/rest/api/2/user/session/alice", headers=ADMIN) as answer:
            assert answer.status == 200, await answer.text()
        return before + 1


async def measure(link, times, *, seed):
    """All nodes at the same time where nobody else is needed, one after the other where a call goes through another."""
    chance = random.Random(seed)
    async with cheap_cluster(nodes=3, delivery=Delivery.FENCED) as (cluster, _), open_client() as client:
        nodes = [Node(cluster, client, node, chance) for node in cluster.nodes.values()]
        found = []
        while len(found) < times:
            together = nodes[: times - len(found)] if link != "redis" else [nodes[len(found) % len(nodes)]]
            found += await asyncio.gather(*(node.silenced_s(link) for node in together))
        return found, max(node.slowest_s for node in nodes) + POLL_S


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--link", default="all", choices=["all", *LINKS])
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    passed = True
    print(f"{'frozen':9} {'times':>5} {'within the bar':>14} {'p50 ms':>8} {'longest ms':>10} {'slack ms':>8}")
    for link in LINKS if given.link == "all" else [given.link]:
        found, slack_s = asyncio.run(measure(link, given.times, seed=given.seed))
        within = sum(one <= LEASE_S + slack_s for one in found)
        passed &= within == len(found)
        print(
            f"{link:9} {len(found):5} {within:14} {statistics.median(found) * 1e3:8.0f} {max(found) * 1e3:10.0f} "
            f"{slack_s * 1e3:8.0f}",
            flush=True,
        )
    print(f"bar: {LEASE_S * 1e3:.0f} ms, and the slack; {'every time' if passed else 'NOT every time'}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
