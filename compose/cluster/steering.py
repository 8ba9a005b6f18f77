"""Steering a whole cluster's policy time from outside.

A change is a new anchor (`shared.clock`), one generation above every one that any process has, told to all processes
at the same time. A jump takes three rounds: freeze everybody where they are, set the new time, let it run again; so no
two processes ever both run with more than one jump between them. A process that misses a round is *late for the clock*:
it is left out of the rest and named in the result. It cannot serve a request on its old clock, because the balancer
stamps the anchor on each one it forwards.

On its way a jump stops at every instant that somebody has set an alarm for, in order. There the processes are told one
after the other, and each answers when it has done what came due, so that alarms go off one at a time across the
cluster. Periodic work, such as heartbeats, is not stopped for; instead a jump ends with one ordinary interval, at whose
beginning everybody beats once, so that nobody is taken for dead merely because time was skipped.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.cluster.admin_client import AdminClient, ClockReading, Refused, Silent
from shared.clock import LAST_MS, MAX_RATE, Anchor
from shared.errors import HarnessError, OperatorError

ROUND_LIMIT_S = 1.0
"""Real seconds a process has to take an anchor before it counts as late."""
APPROACH_MS = 60_000
"""How long before its end a longer jump stops once: one interval of heartbeats, in policy time."""
STOPS_MAX = 10_000
"""Alarms one jump stops for; beyond that something sets alarms faster than time passes."""
QUIET_LIMIT_S = 5.0
"""Real seconds `run_to_next` waits for requests in flight and work in progress to end."""
QUIET_POLL_S = 0.01

Targets = Callable[[], Mapping[str, str]]
"""The processes to steer, as they are now: operator URL by name."""


@dataclass(frozen=True, slots=True)
class Steered:
    """What a change of policy time came to. Instants are policy ms since the epoch, `late` are names."""

    anchor: Anchor
    before_ms: int
    after_ms: int
    late: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """What ends next: `kind` of `who` on `node`, at a policy instant."""

    node: str
    kind: str
    who: str | None
    at_ms: int


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
            async with self._frozen(change) as before_ms:
                target_ms = before_ms + (by_ms or 0) if to_ms is None else to_ms
                if not before_ms <= target_ms <= LAST_MS:
                    raise OperatorError("policy time only moves forward, and not beyond the year 9999")
                await self._jump(change, before_ms, target_ms)
            return Steered(change.newest, before_ms, target_ms, tuple(change.late))

    async def run_to_next(self) -> tuple[Deadline | None, Steered]:
        """Jumps to the next moment at which something of somebody's ends, if the cluster is quiescent.

        Quiescence is counted: no request in flight, nothing that came due still being done. Raises OperatorError,
        naming who is busy, when that does not come about within QUIET_LIMIT_S. Without anything left to end the
        deadline is None and time stays where it is.
        """
        async with self._one_at_a_time:
            await self._until_quiescent()
            change = await self._open()
            async with self._frozen(change) as before_ms:
                found = await self._deadlines(change)
                after = [deadline for deadline in found if deadline.at_ms > before_ms]
                deadline = min(after, key=lambda deadline: deadline.at_ms, default=None)
                target_ms = before_ms if deadline is None else deadline.at_ms
                await self._jump(change, before_ms, target_ms)
            return deadline, Steered(change.newest, before_ms, target_ms, tuple(change.late))

    async def skew(self, name: str, skew_ms: int) -> ClockReading:
        """The clock-skew fault: one process is off by that much policy time, until it is set to 0 again.

        Raises OperatorError for a process that is not there.
        """
        targets = self._targets()
        if name not in targets:
            raise OperatorError(f"there is no process {name!r} to skew; there is {', '.join(targets)}")
        return await self._client.set_skew(targets[name], skew_ms)

    @asynccontextmanager
    async def _frozen(self, change: "_Change", *, then_rate: float | None = None) -> AsyncIterator[int]:
        """Time stands still everywhere, at the instant the block is given. When the block ends it runs on as before,
        or at `then_rate`."""
        rate = change.newest.rate if then_rate is None else then_rate
        if not change.all_stand_still:
            await change.tell(change.newest.moved(self._monotonic_ns(), rate=0))
            # Whoever heard of it late ran on for a moment. Nobody's time goes back, so all go forward to the latest.
            await change.tell(change.newest.moved(self._monotonic_ns(), to_ms=change.latest_ms))
        before_ms = change.newest.policy_ms
        try:
            yield before_ms
        finally:
            if rate:
                await change.tell(change.newest.moved(self._monotonic_ns(), rate=rate))

    async def _jump(self, change: "_Change", reached_ms: int, target_ms: int) -> None:
        """From stop to stop, each reached by everybody before the next."""
        approach_ms = target_ms - APPROACH_MS
        for _ in range(STOPS_MAX):
            if reached_ms >= target_ms:
                return
            alarm_ms = change.next_alarm_ms(after_ms=reached_ms)
            stops = [target_ms, *([alarm_ms] if alarm_ms else []), *([approach_ms] if approach_ms > reached_ms else [])]
            reached_ms = min(stops)
            anchor = change.newest.moved(self._monotonic_ns(), to_ms=reached_ms)
            await change.tell(anchor, one_by_one=reached_ms == alarm_ms)
        raise HarnessError(f"more than {STOPS_MAX} alarms on the way; policy time stands at the last of them")

    async def _until_quiescent(self) -> None:
        deadline = self._monotonic_ns() + QUIET_LIMIT_S * 1e9
        while True:
            readings = await _all(self._targets(), self._read_one)
            busy = sorted(name for name, reading in readings.items() if not reading.quiescent)
            if not busy:
                return
            if self._monotonic_ns() > deadline:
                raise OperatorError(f"not quiescent after {QUIET_LIMIT_S:g} s (real): {', '.join(busy)} still at work")
            await asyncio.sleep(QUIET_POLL_S)

    async def _deadlines(self, change: "_Change") -> list[Deadline]:
        answers = await asyncio.gather(*(self._client.deadlines(url) for url in change.present.values()))
        return [
            Deadline(name, str(found["kind"]), found["who"], int(found["at_ms"]))
            for name, answer in zip(change.present, answers, strict=True)
            for found in answer
        ]

    async def rate(self, rate: float) -> Steered:
        """Policy seconds per real second from now on: 0 pauses, 1 is real speed. Raises OperatorError for others."""
        if not (0 <= rate <= MAX_RATE and math.isfinite(rate)):
            raise OperatorError(f"a rate is 0 (paused) to {MAX_RATE:g} policy seconds per real second, not {rate:g}")
        async with self._one_at_a_time:
            change = await self._open()
            async with self._frozen(change, then_rate=rate) as now_ms:
                pass
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
        targets = dict(self._targets())
        readings = await _all(targets, self._read_one)
        if not readings:
            raise HarnessError("no process of the cluster answers on its operator port; is it still running?")
        return _Change(self._client, readings, targets)

    async def _read_one(self, url: str) -> ClockReading:
        return await self._client.clock(url, limit_s=ROUND_LIMIT_S)


class _Change:
    """One change in progress: who is still taking part, who has been late, and the newest anchor told."""

    def __init__(self, client: AdminClient, readings: Mapping[str, ClockReading], targets: Mapping[str, str]) -> None:
        self._client = client
        self._readings = dict(readings)
        self.present = {name: targets[name] for name in readings}
        self.newest = max((reading.anchor for reading in readings.values()), key=lambda anchor: anchor.generation)
        self.late = sorted(set(targets) - set(readings))

    @property
    def all_stand_still(self) -> bool:
        """Is everybody paused already, on the same anchor?"""
        return self.newest.rate == 0 and all(reading.anchor == self.newest for reading in self._readings.values())

    @property
    def latest_ms(self) -> int:
        """The latest time that anybody present has read on the cluster's clock."""
        return max(reading.now_ms - reading.skew_ms for reading in self._readings.values())

    def next_alarm_ms(self, *, after_ms: int) -> int | None:
        """The earliest instant after `after_ms` that anybody present has set an alarm for."""
        alarms = (reading.next_alarm_ms for reading in self._readings.values())
        return min((alarm for alarm in alarms if alarm is not None and alarm > after_ms), default=None)

    async def tell(self, anchor: Anchor, *, one_by_one: bool = False) -> None:
        """Returns when everybody present has taken the anchor, and done what it made due, or is late."""

        async def tell_one(url: str) -> ClockReading:
            return await self._client.set_clock(url, anchor, limit_s=ROUND_LIMIT_S)

        try:
            groups = [{name: url} for name, url in self.present.items()] if one_by_one else [self.present]
            acknowledged: dict[str, ClockReading] = {}
            for group in groups:
                acknowledged |= await _all(group, tell_one)
        except Refused as error:
            raise OperatorError(f"somebody else moved the clock at the same time ({error}); try again") from error
        self.late += sorted(set(self.present) - set(acknowledged))
        self.present = {name: url for name, url in self.present.items() if name in acknowledged}
        if not self.present:
            raise HarnessError("no process of the cluster follows its clock any more")
        self._readings = acknowledged
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
