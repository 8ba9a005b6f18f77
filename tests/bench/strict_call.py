"""What does it cost that an invalidating call waits for every node? `python -m tests.bench.strict_call --nodes 3,8`.

On a healthy cluster, between commit and return of a `fenced` call, beside the raw time from PUBLISH to the last of as
many subscriber processes on the same Valkey, taken in turns so that both see the same machine. Read the ratios: on a
busy machine the milliseconds say little. The commit, which any delivery pays, is reported apart. The time between commit
and return is what the node's own receipt says (`/-/invalidations`).
"""

import argparse
import asyncio
import mmap
import struct
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from redis.asyncio import Redis

from compose.people.browser import open_client
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster
from tests.support.eventually import eventually
from tests.support.stale_load import ADMIN

CHANNEL = "strict-call-raw"
SUBSCRIBED_WITHIN_S = 60.0


class Receivers:
    """Subscriber processes and the instants they note."""

    def __init__(self, url, count, folder):
        path = Path(folder) / "received"
        path.write_bytes(bytes(8 * count))
        self._file = path.open("r+b")
        self._shared = mmap.mmap(self._file.fileno(), 0)
        self._count = count
        self._url, self._path = url, path
        self._processes = []

    async def subscribe(self):
        """Returns when the server has confirmed every subscription."""
        program = Path(__file__).with_name("raw_subscriber.py")
        for index in range(self._count):
            self._processes.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, program, self._url, CHANNEL, self._path, str(index), stdout=asyncio.subprocess.PIPE
                )
            )
        async with asyncio.timeout(SUBSCRIBED_WITHIN_S):
            for process in self._processes:
                said = await process.stdout.readline()
                assert said == b"subscribed\n", (
                    f"a subscriber ended before it was subscribed (exit {process.returncode})"
                )

    def clear(self):
        self._shared[:] = bytes(len(self._shared))

    def noted(self):
        return struct.unpack(f"{self._count}q", self._shared[:])

    async def close(self):
        for process in self._processes:
            if process.returncode is None:
                process.terminate()
            await process.wait()
        self._shared.close()
        self._file.close()


async def raw_ms(client, receivers):
    """From PUBLISH to the last subscriber's receiving it."""
    receivers.clear()
    started = time.monotonic_ns()
    await client.publish(CHANNEL, b"x" * 200)
    await eventually(lambda: all(receivers.noted()))
    return (max(receivers.noted()) - started) / 1e6


async def strict_ms(client, cluster, node, user):
    """The whole call at the client, and the node's own time between commit and return."""
    started = time.monotonic_ns()
    async with client.delete(f"{node.url}/rest/api/2/user/session/{user}", headers=ADMIN) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    whole = (time.monotonic_ns() - started) / 1e6
    (receipt,) = await cluster.client.invalidations(node.operator_url, limit=1)
    assert receipt["user"] == user, receipt
    assert len(receipt["nodes"]) == len(cluster.nodes) - 1, receipt
    return whole, receipt["waited_real_ms"]


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(nodes, samples):
    cheap = cheap_cluster(nodes=nodes, delivery=Delivery.FENCED, links=False)
    async with cheap as (cluster, stores), AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        receivers = Receivers(stores.redis_url, nodes, folder)
        stack.push_async_callback(receivers.close)
        await receivers.subscribe()
        node = cluster.nodes["node-1"]
        raw, waits, commits = [], [], []
        async with open_client() as client, Redis.from_url(stores.redis_url) as redis:
            for number in range(samples + 20):
                one_raw = await raw_ms(redis, receivers)
                whole, waited = await strict_ms(client, cluster, node, "alice")
                if number >= 20:
                    raw.append(one_raw)
                    waits.append(waited)
                    commits.append(whole - waited)
    return raw, waits, commits


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default="3,8")
    parser.add_argument("--samples", type=int, default=400)
    given = parser.parse_args()
    print(f"{'nodes':>5} {'':28} {'p50 ms':>8} {'p99 ms':>8}")
    for nodes in map(int, given.nodes.split(",")):
        raw, waits, commits = asyncio.run(measure(nodes, given.samples))
        for name, values in (
            ("publish to last receiver", raw),
            ("commit to return", waits),
            ("the rest: HTTP, commit", commits),
        ):
            print(f"{nodes:5} {name:28} {at(values, 0.5):8.2f} {at(values, 0.99):8.2f}")
        print(
            f"{nodes:5} {'ratio to raw':28} {at(waits, 0.5) / at(raw, 0.5):8.2f} {at(waits, 0.99) / at(raw, 0.99):8.2f}"
        )


if __name__ == "__main__":
    main()
