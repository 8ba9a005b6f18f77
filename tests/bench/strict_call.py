"""What does it cost that an invalidating call waits for every node? `python -m tests.bench.strict_call --nodes 3,8`.

On a healthy cluster, between commit and return of a `fenced` call, beside the raw time from PUBLISH to the last of as
many subscriber processes on the same Valkey, taken in turns so that both see the same machine. Read the ratios: on a
busy machine the milliseconds say little. The commit, which any delivery pays, is reported apart. The time between commit
and return is what the node itself logs as "invalidation complete".
"""

import argparse
import asyncio
import json
import multiprocessing
import time

import uvloop
from redis.asyncio import Redis

from compose.people.browser import open_client
from shared.settings import Delivery
from tests.bench.stale_accepts import cheap_cluster
from tests.support.eventually import eventually
from tests.support.stale_load import ADMIN

CHANNEL = "strict-call-raw"


def subscriber(url, index, received):
    """A process that notes when it received what: `received[index]` is the instant, for the number in the message."""

    async def listen():
        async with Redis.from_url(url) as client, client.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            while True:
                message = await pubsub.get_message(timeout=None)
                if message is not None:
                    received[index] = time.monotonic_ns()

    uvloop.run(listen())


async def raw_ms(client, received):
    """From PUBLISH to the last subscriber, and to the publisher's answer."""
    for index in range(len(received)):
        received[index] = 0
    started = time.monotonic_ns()
    await client.publish(CHANNEL, b"x" * 200)
    await eventually(lambda: all(received))
    return (max(received) - started) / 1e6


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
    async with cheap_cluster(nodes=nodes, delivery=Delivery.FENCED, log_level="info", links=False) as (cluster, stores):
        context = multiprocessing.get_context("spawn")
        received = context.Array("q", nodes, lock=False)
        processes = [
            context.Process(target=subscriber, args=(stores.redis_url, index, received), daemon=True)
            for index in range(nodes)
        ]
        for process in processes:
            process.start()
        node = cluster.nodes["node-1"]
        raw, waits, commits = [], [], []
        async with open_client() as client, Redis.from_url(stores.redis_url) as redis:
            await eventually(lambda: subscribers(redis, nodes), within_s=60)
            for number in range(samples + 20):
                one_raw = await raw_ms(redis, received)
                whole, waited = await strict_ms(client, node.url, "alice", node.process.log)
                if number >= 20:
                    raw.append(one_raw)
                    waits.append(waited)
                    commits.append(whole - waited)
        for process in processes:
            process.terminate()
            process.join()
    return raw, waits, commits


async def subscribers(redis, nodes):
    return (await redis.pubsub_numsub(CHANNEL))[0][1] == nodes


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
