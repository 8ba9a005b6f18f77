"""What does it cost that an invalidating call waits for every node? `python -m tests.bench.strict_call --nodes 3,8`.

On a healthy cluster, between commit and return of a `fenced` call, beside the raw time from PUBLISH to the last of as
many subscriber processes on the same Valkey, taken in turns so that both see the same machine. Read the ratios: on a
busy machine the milliseconds say little. The commit, which any delivery pays, is reported apart. The time between commit
and return is what the node itself logs as "invalidation complete".
"""

import argparse
import asyncio
import json
import mmap
import struct
import subprocess
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


class Receivers:
    """Subscriber processes and the instants they note."""

    def __init__(self, url, count, folder):
        path = Path(folder) / "received"
        path.write_bytes(bytes(8 * count))
        self._file = path.open("r+b")
        self._shared = mmap.mmap(self._file.fileno(), 0)
        self._count = count
        program = Path(__file__).with_name("raw_subscriber.py")
        self._processes = [
            subprocess.Popen([sys.executable, program, url, CHANNEL, path, str(index)]) for index in range(count)
        ]

    def clear(self):
        self._shared[:] = bytes(len(self._shared))

    def noted(self):
        return struct.unpack(f"{self._count}q", self._shared[:])

    def close(self):
        for process in self._processes:
            process.terminate()
            process.wait()
        self._shared.close()
        self._file.close()


async def raw_ms(client, receivers):
    """From PUBLISH to the last subscriber's receiving it."""
    receivers.clear()
    started = time.monotonic_ns()
    await client.publish(CHANNEL, b"x" * 200)
    await eventually(lambda: all(receivers.noted()))
    return (max(receivers.noted()) - started) / 1e6


async def strict_ms(client, url, user, log):
    """The whole call at the client, and the node's own time between commit and return."""
    at = log.stat().st_size
    started = time.monotonic_ns()
    async with client.delete(f"{url}/rest/api/2/user/session/{user}", headers=ADMIN) as answer:
        assert answer.status == 200, await answer.text()
        await answer.read()
    whole = (time.monotonic_ns() - started) / 1e6

    def told():
        lines = log.read_bytes()[at:].splitlines()
        return [line for line in lines if b'"invalidation complete"' in line and line.endswith(b"}")]

    (line,) = await eventually(told)
    return whole, json.loads(line)["real_ms"]


def at(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(nodes, samples):
    cheap = cheap_cluster(nodes=nodes, delivery=Delivery.FENCED, log_level="info", links=False)
    async with cheap as (cluster, stores), AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        receivers = Receivers(stores.redis_url, nodes, folder)
        stack.callback(receivers.close)
        node = cluster.nodes["node-1"]
        raw, waits, commits = [], [], []
        async with open_client() as client, Redis.from_url(stores.redis_url) as redis:
            await eventually(lambda: subscribers(redis, nodes), within_s=60)
            for number in range(samples + 20):
                one_raw = await raw_ms(redis, receivers)
                whole, waited = await strict_ms(client, node.url, "alice", node.process.log)
                if number >= 20:
                    raw.append(one_raw)
                    waits.append(waited)
                    commits.append(whole - waited)
    return raw, waits, commits


async def subscribers(redis, nodes):
    return (await redis.pubsub_numsub(CHANNEL))[0][1] >= nodes


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
