"""Active checks: asks every node how it is, at a steady pace, and tells the roster. An edge.

A check starts every interval whether or not the one before has come back, so a hung node is found after
fall x interval + timeout and not after fall x (interval + timeout). Each check opens a connection of its own: a node
that has stopped accepting must not pass because an old connection still works. Each check carries the clock, as every
request does, so that a node which has just started is on the cluster's clock before it can be found up. Intervals are
real time, shortened by up to a tenth at random so that balancers do not knock in step.

The node's answer tells its own clocks. So a node on another machine, where monotonic time is another, gets the anchor
in its own terms; it gets none before that is known. And a balancer that was restarted learns the anchor that its nodes
are on. What it learns so it has sealed itself, or a node that shares its secret has.
"""

import asyncio
import json
import random

import aiohttp

from loadbalancer.nodes import Node, Roster
from loadbalancer.policy import CheckOutcome, Wish
from shared.clock import Anchor, AnchorSeal, PolicyClock
from shared.clock_offset import Sample
from shared.contract import CLOCK_ASK, CLOCK_READING, CLOCK_STAMP, NodeState
from shared.log import get_logger
from shared.settings import BalancerSettings

log = get_logger()

_BODY_MAX = 64 * 1024
_JITTER = 0.1


def judge(status: int, body: bytes, *, naive: bool) -> tuple[CheckOutcome, str]:
    """What an answer to a check means, and in words. Ready is 200 with RUNNING; `naive` trusts the 200."""
    if naive:
        outcome = CheckOutcome.RUNNING if status == 200 else CheckOutcome.FAILED
        return outcome, f"HTTP {status}, state not read"
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):  # whatever a node sends, it must not end the balancer
        document = None
    state = document.get("state") if isinstance(document, dict) else None
    if not isinstance(state, str) or state not in set(NodeState):
        return CheckOutcome.FAILED, f"HTTP {status} without a known state"
    if status == 200 and state == NodeState.RUNNING:
        return CheckOutcome.RUNNING, "HTTP 200, RUNNING"
    return CheckOutcome.NOT_RUNNING, f"HTTP {status}, {state}"


class HealthChecks:
    """Checks every node of the roster until it is cancelled. `first_round` is set when each has been checked once."""

    def __init__(
        self, settings: BalancerSettings, roster: Roster, clock: PolicyClock, *, chance: random.Random
    ) -> None:
        self.first_round = asyncio.Event()
        self._settings = settings
        self._roster = roster
        self._clock = clock
        self._seal = AnchorSeal(settings.admin_token.get_secret_value())
        self._chance = chance
        self._path = settings.context_path + settings.health_path
        self._due: dict[str, float] = {}

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._settings.health_timeout_s)
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            async with asyncio.TaskGroup() as group:
                await asyncio.gather(*(self._check(session, node) for node in self._roster))
                self.first_round.set()
                while True:
                    self._start_due(group, session)
                    await asyncio.sleep(min(0.02, self._settings.health_interval_s / 5))

    def _start_due(self, group: asyncio.TaskGroup, session: aiohttp.ClientSession) -> None:
        now = asyncio.get_running_loop().time()
        for node in self._roster:
            if now >= self._due.get(node.id, 0.0) and node.wish is not Wish.MAINTENANCE:
                self._due[node.id] = now + self._settings.health_interval_s * (1 - _JITTER * self._chance.random())
                group.create_task(self._check(session, node))

    async def _check(self, session: aiohttp.ClientSession, node: Node) -> None:
        outcome, words = await self._ask(session, node)
        if self._roster.get(node.id) is node:
            node.checked(outcome, words, asyncio.get_running_loop().time())

    async def _ask(self, session: aiohttp.ClientSession, node: Node) -> tuple[CheckOutcome, str]:
        host = f"[{node.upstream.host}]" if ":" in node.upstream.host else node.upstream.host
        url = f"http://{host}:{node.upstream.port}{self._path}"
        try:
            if not node.clock_offset.known:
                await self._get(session, node, url, {})
            stamp = self._seal.stamp(self._clock.anchor.shifted(node.clock_offset.ns))
            status, body = await self._get(session, node, url, {CLOCK_STAMP: stamp})
            return judge(status, body, naive=self._settings.health_naive)
        except TimeoutError:
            return CheckOutcome.FAILED, f"no answer within {self._settings.health_timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return CheckOutcome.FAILED, f"no answer ({type(error).__name__})"

    async def _get(
        self, session: aiohttp.ClientSession, node: Node, url: str, stamp: dict[str, str]
    ) -> tuple[int, bytes]:
        """Status and body, having learnt what the node says about its clocks."""
        headers = {**stamp, CLOCK_ASK: self._seal.question()}
        asked_ns = self._clock.reading().monotonic_ns
        async with session.get(url, headers=headers, allow_redirects=False) as answer:
            answered_ns = self._clock.reading().monotonic_ns
            reading = self._seal.read(answer.headers.get(CLOCK_READING))
            body = await _read_body(answer)
        if reading is None:
            node.clock_offset.has_none()
        else:
            node.clock_offset.learn(Sample.of(asked_ns, reading.monotonic_ns, answered_ns))
            self._learn_anchor(reading.anchor.shifted(-node.clock_offset.ns))
        return answer.status, body

    def _learn_anchor(self, anchor: Anchor) -> None:
        """Whoever has been steered is told by who steers, in the order that is his."""
        if self._clock.anchor.generation == 0 and self._clock.adopt(anchor):
            log.info("clock taken over from a node", anchor=str(anchor))


async def _read_body(answer: aiohttp.ClientResponse) -> bytes:
    """At most _BODY_MAX bytes. One read gives what has arrived, which need not be all."""
    body = b""
    while len(body) < _BODY_MAX and (piece := await answer.content.read(_BODY_MAX - len(body))):
        body += piece
    return body
