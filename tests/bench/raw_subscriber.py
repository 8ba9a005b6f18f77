"""Notes when it received a message: `python raw_subscriber.py REDIS_URL CHANNEL FILE INDEX`. A program of its own, so
that eight of them start quickly; the instant (monotonic ns) goes into the file, eight bytes for each index. When the
server has confirmed the subscription it says "subscribed" on standard output."""

import mmap
import struct
import sys
import time

import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError


async def listen(url, channel, shared, index):
    async with Redis.from_url(url) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(channel)
        while True:
            message = await pubsub.get_message(timeout=None)
            if message is None:
                continue
            if message["type"] == "subscribe":
                print("subscribed", flush=True)
            elif message["type"] == "message":
                struct.pack_into("q", shared, 8 * index, time.monotonic_ns())


def main(url, channel, path, index):
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as shared:
        uvloop.run(listen(url, channel, shared, int(index)))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (RedisError, OSError):
        sys.exit(0)  # the run is over
