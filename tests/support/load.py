"""Clients that keep a balancer busy: each sends GET or POST in a closed loop, with its cookie and a nonce per request.

What every request saw is kept, so that a test can say: none lost, none run twice, every answer belongs to its request.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field

import aiohttp


@dataclass
class Seen:
    """What one request saw; `error` is the name of the exception that took the place of an answer."""

    nonce: str
    method: str
    status: int | None
    node: str | None
    route: str | None
    balancer_error: str | None
    matched: bool
    took_s: float
    error: str | None = None


@dataclass
class Load:
    """Running clients and what they have seen so far."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    stopping: bool = False

    async def client(self, number, method, path):
        jar = aiohttp.CookieJar(unsafe=True)
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as session:
            session._retry_connection = (
                False  # or aiohttp would repeat a lost GET, and nobody would see that it was lost
            )
            index = 0
            while not self.stopping:
                index += 1
                self.seen.append(await one_request(session, method, self.url + path, f"{method}-{number}-{index}"))

    def of(self, method):
        return [one for one in self.seen if one.method == method]


async def one_request(session, method, url, nonce):
    """Sends one request with this nonce."""
    started = time.monotonic()
    try:
        body = nonce.encode() if method == "POST" else None
        async with session.request(method, url, headers={"X-Nonce": nonce}, data=body) as answer:
            text = await answer.text()
            matched = (
                answer.headers.get("X-Nonce") == nonce and json.loads(text)["nonce"] == nonce
                if answer.status == 200
                else True
            )
            return Seen(
                nonce,
                method,
                answer.status,
                answer.headers.get("X-ANODEID"),
                answer.headers.get("X-Dcsim-Route"),
                answer.headers.get("X-Dcsim-Balancer-Error"),
                matched,
                time.monotonic() - started,
            )
    except (aiohttp.ClientError, TimeoutError) as error:
        return Seen(nonce, method, None, None, None, None, False, time.monotonic() - started, repr(error))


async def under_load(url, during, *, gets=8, posts=8, path="/work?s=0.02"):
    """Runs the clients while `during(load)` happens; the finished Load."""
    load = Load(url)
    async with asyncio.TaskGroup() as group:
        for number in range(gets):
            group.create_task(load.client(number, "GET", path))
        for number in range(posts):
            group.create_task(load.client(number, "POST", path))
        try:
            await during(load)
        finally:
            load.stopping = True
    return load


def run_twice(executed):
    """Nonces that more than one execution carries, with how often."""
    counts = {}
    for one in executed:
        counts[one["nonce"]] = counts.get(one["nonce"], 0) + 1
    return {nonce: count for nonce, count in counts.items() if nonce and count > 1}
