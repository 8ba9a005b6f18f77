"""Steering a whole cluster's policy time from outside.

A change is a new anchor (`shared.clock`), one generation above every one that any process has, told to all processes
at the same time. A jump takes three rounds: freeze everybody where they are, set the new time, let it run again; so no
two processes ever both run with more than one jump between them. A process that misses a round is *late for the clock*:
it is left out of the rest and named in the result. It cannot serve a request on its old clock, because the balancer
stamps the anchor on each one it forwards.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from compose.cluster.admin_client import AdminClient, ClockReading, Refused, Silent
from shared.clock import Anchor
from shared.errors import HarnessError, OperatorError

ROUND_LIMIT_S = 1.0
"""Real seconds a process has to take an anchor before it counts as late."""
LAST_MS = 253_402_300_799_999
"""The end of the year 9999; neither Python nor a browser can write down a later one."""

Targets = Callable[[], Mapping[str, str]]
"""The processes to steer, as they are now: operator URL by name."""


@dataclass(frozen=True, slots=True)
class Steered:
    """What a change of policy time came to. Instants are policy ms since the epoch, `late` are names."""

    anchor: Anchor
    before_ms: int
    after_ms: int
    late: tuple[str, ...]


class Steering:
    """Everything an operator may do to policy time. One change at a time; a second one waits."""

    def __init__(
        self, client: AdminClient, targets: Targets, *, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._client = client
        self._targets = targets
        self._monotonic_ns = monotonic_ns
        self._one_at_a_time = asyncio.Lock()

    async def read(self) -> dict[str, ClockReading | None]:
        """What every process says about its clock; None for one that says nothing."""
        targets = self._targets()
        answers = await _all(targets, self._read_one)
        return {name: answers.get(name) for name in targets}

    async def newest(self) -> Anchor:
        """The anchor in force: that of the highest generation. Raises HarnessError when nobody answers."""
        return (await self._open()).newest

    async def step(self, *, by_ms: int | None = None, to_ms: int | None = None) -> Steered:
        """Jumps forward, by a duration or to an instant, and lets time run on as it ran before.

        Raises OperatorError for a jump backwards: what has expired cannot come back to life.
        """
        async with self._one_at_a_time:
            change = await self._open()
            before_ms = change.newest.at(self._monotonic_ns())
            target_ms = before_ms + (by_ms or 0) if to_ms is None else to_ms
            if not before_ms <= target_ms <= LAST_MS:
                raise OperatorError("policy time only moves forward, and not beyond the year 9999")
            rate = change.newest.rate
            await change.tell(change.newest.moved(self._monotonic_ns(), rate=0))
            await change.tell(change.newest.moved(self._monotonic_ns(), to_ms=target_ms))
            if rate:
                await change.tell(change.newest.moved(self._monotonic_ns(), rate=rate))
            return Steered(change.newest, before_ms, target_ms, tuple(change.late))

    async def rate(self, rate: float) -> Steered:
        """Policy seconds per real second from now on: 0 pauses, 1 is real speed."""
        async with self._one_at_a_time:
            change = await self._open()
            now_ns = self._monotonic_ns()
            now_ms = change.newest.at(now_ns)
            await change.tell(change.newest.moved(now_ns, rate=rate))
            return Steered(change.newest, now_ms, now_ms, tuple(change.late))

    async def pause(self) -> Steered:
        return await self.rate(0)

    async def resume(self) -> Steered:
        """At real speed, whatever it was before the pause."""
        return await self.rate(1)

    async def bring_up_to_date(self, name: str) -> None:
        """Tells one process, back from a pause, the anchor the others have. Silent when there is nobody to ask."""
        change = await self._open()
        if name in change.present:
            await self._client.set_clock(change.present[name], change.newest)

    async def _open(self) -> "_Change":
        targets = self._targets()
        readings = await _all(targets, self._read_one)
        if not readings:
            raise HarnessError("no process of the cluster answers on its operator port; is it still running?")
        newest = max((reading.anchor for reading in readings.values()), key=lambda anchor: anchor.generation)
        return _Change(self._client, {name: targets[name] for name in readings}, newest, set(targets) - set(readings))

    async def _read_one(self, url: str) -> ClockReading:
        return await self._client.clock(url, limit_s=ROUND_LIMIT_S)


class _Change:
    """One change in progress: who is still taking part, who has been late, and the newest anchor told."""

    def __init__(self, client: AdminClient, present: dict[str, str], newest: Anchor, late: set[str]) -> None:
        self._client = client
        self.present = present
        self.newest = newest
        self.late = sorted(late)

    async def tell(self, anchor: Anchor) -> None:
        """Returns when everybody present has taken the anchor or is late."""

        async def tell_one(url: str) -> ClockReading:
            return await self._client.set_clock(url, anchor, limit_s=ROUND_LIMIT_S)

        try:
            acknowledged = await _all(self.present, tell_one)
        except Refused as error:
            raise OperatorError(f"somebody else moved the clock at the same time ({error}); try again") from error
        self.late += sorted(set(self.present) - set(acknowledged))
        self.present = {name: url for name, url in self.present.items() if name in acknowledged}
        self.newest = anchor


async def _all(targets: Mapping[str, str], call: Callable[[str], Awaitable[ClockReading]]) -> dict[str, ClockReading]:
    """Calls everybody at once; only those that answered are in the result."""
    answers = await asyncio.gather(*(call(url) for url in targets.values()), return_exceptions=True)
    heard = {}
    for name, answer in zip(targets, answers, strict=True):
        if isinstance(answer, ClockReading):
            heard[name] = answer
        elif not isinstance(answer, Silent):
            raise answer
    return heard
