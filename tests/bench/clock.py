"""What the policy clock costs a request: `uv run python -m tests.bench.clock`.

A node serves `GET /rest/auth/1/session` to one client, in this process, on real Postgres and Valkey. In interleaved
rounds the same requests are made without a clock stamp, and with the stamp the balancer puts on each one. Beside that
the reading of the clock itself is timed, and multiplied by how often a request reads it (counted, not guessed).

Prints medians and ratios; figures are real time.
"""

import asyncio
import statistics
import time
import timeit

from compose.people.browser import Browser
from shared import log
from shared.clock import Anchor, AnchorSeal, PolicyClock
from shared.contract import CLOCK_STAMP
from tests.support.nodes import TOKEN, NodeUnderTest, running_node
from tests.support.stores import running_stores

ROUNDS = 15
REQUESTS = 400
PATH = "/rest/api/2/serverInfo"


async def main() -> None:
    log.configure(level="error")
    with running_stores() as stores:
        url = await stores.fresh_database()
        async with running_node(stores, url, log_level="error") as node:
            browser = await node.logged_in("alice")
            reads = await clock_reads(browser)
            stamp = {CLOCK_STAMP: AnchorSeal(TOKEN).stamp(await newest(node))}
            plain, stamped = [], []
            for _ in range(ROUNDS):
                plain.append(await microseconds(browser, {}))
                stamped.append(await microseconds(browser, stamp))
        await stores.drop_database(url)
    clock = PolicyClock()
    read_us = min(timeit.repeat(clock.now_ms, number=100_000, repeat=5)) / 100_000 * 1e6
    request_us = statistics.median(plain)
    paired = statistics.median(with_stamp / without for with_stamp, without in zip(stamped, plain, strict=True))
    print(f"a request                      {request_us:9.1f} us (median of {ROUNDS} rounds of {REQUESTS})")
    print(f"the same with a clock stamp    {statistics.median(stamped):9.1f} us, ratio {paired:.3f}")
    print(f"reading the clock once         {read_us:9.3f} us, read {reads} times a request")
    print(f"reading the clock, all in all  {read_us * reads / request_us:9.2%} of a request")


async def newest(node: NodeUnderTest) -> Anchor:
    return Anchor.parse((await node.operator("GET", "/clock"))["anchor"])


async def clock_reads(browser: Browser) -> int:
    """How often one request asks for the policy time."""
    real, count = PolicyClock.now_ms, 0

    def counted(self: PolicyClock) -> int:
        nonlocal count
        count += 1
        return real(self)

    PolicyClock.now_ms = counted
    try:
        await browser.request("GET", PATH)
    finally:
        PolicyClock.now_ms = real
    return count


async def microseconds(browser: Browser, headers: dict[str, str]) -> float:
    """Real time of one request, on average over a round."""
    started = time.perf_counter()
    for _ in range(REQUESTS):
        answer = await browser.request("GET", PATH, headers=headers)
        assert answer.known_via == "web-session"
    return (time.perf_counter() - started) / REQUESTS * 1e6


if __name__ == "__main__":
    asyncio.run(main())
