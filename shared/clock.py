"""Policy time: the shared, steerable clock that limits and expiries read.

Two clocks, never mixed. *Policy time* decides idle limits, Crowd age, token age, heartbeats and lock-outs; an operator
may step it, pause it or let it run up to 3600 times faster. *Real time* (the monotonic clock) belongs to sockets,
retries, health checks, leases and latencies, and nobody steers it.

Policy time is an anchor, not ticks: now = policy start + rate x (monotonic - monotonic start). All processes of one
host share one monotonic clock, so every process that holds the same anchor computes the same now without talking. For a
process of another host the anchor is `shifted` by what its monotonic clock is ahead, which the balancer measures.
Each change of the anchor has a higher generation; a process takes an anchor only if it is newer than its own.

Instants are whole milliseconds since the epoch (`..._ms`), because whole numbers compare exactly.
"""

import asyncio
import heapq
import hmac
import itertools
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from shared.errors import OperatorError

MAX_RATE = 3600.0
NS_PER_MS = 1_000_000
LAST_MS = 253_402_300_799_999
"""The end of the year 9999; neither Python nor a browser can write down a later one."""
_WHOLE_MAX = 2**63
_SHIFT_ERROR_NS = 1_000_000_000
"""By how much two measurements of one shift may differ."""
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where policy time stood at one monotonic instant, and how fast it runs from there.

    `rate` is policy seconds per real second: 0 is paused, 1 is real speed, 3600 an hour a second.
    """

    generation: int
    policy_ms: int
    monotonic_ns: int
    rate: float

    def __post_init__(self) -> None:
        if self.generation < 0:
            raise OperatorError(f"clock generation {self.generation} is negative; generations count up from 0")
        if not (0 <= self.rate <= MAX_RATE and math.isfinite(self.rate)):
            raise OperatorError(f"clock rate {self.rate} is not between 0 (paused) and {MAX_RATE:g}")

    def at(self, monotonic_ns: int) -> int:
        """Policy time, in ms since the epoch, at that monotonic instant."""
        elapsed_ns = monotonic_ns - self.monotonic_ns
        if self.rate != 1:
            elapsed_ns = int(elapsed_ns * self.rate)
        return self.policy_ms + elapsed_ns // NS_PER_MS

    def moved(self, monotonic_ns: int, *, to_ms: int | None = None, rate: float | None = None) -> "Anchor":
        """The next generation: continues from now, or from `to_ms`, at the old rate or at `rate`."""
        return Anchor(
            self.generation + 1,
            self.at(monotonic_ns) if to_ms is None else to_ms,
            monotonic_ns,
            self.rate if rate is None else rate,
        )

    def shifted(self, by_ns: int) -> "Anchor":
        """The same anchor for a machine whose monotonic clock is that much ahead."""
        return replace(self, monotonic_ns=self.monotonic_ns + by_ns) if by_ns else self

    def is_same(self, other: "Anchor") -> bool:
        """The same change of the clock, however exactly either was shifted for this machine."""
        apart_ns = abs(self.monotonic_ns - other.monotonic_ns)
        return replace(self, monotonic_ns=0) == replace(other, monotonic_ns=0) and apart_ns <= _SHIFT_ERROR_NS

    def __str__(self) -> str:
        return f"{self.generation};{self.policy_ms};{self.monotonic_ns};{self.rate:g}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """The inverse of `str(anchor)`. Raises OperatorError for anything else."""
        parts = text.split(";")
        try:
            generation, policy_ms, monotonic_ns = (int(part) for part in parts[:3])
            (rate,) = (float(part) for part in parts[3:])
        except ValueError:
            raise OperatorError(
                f"{text[:80]!r} is not a clock anchor; expected 'generation;policy ms;monotonic ns;rate'"
            ) from None
        if not 0 <= policy_ms <= LAST_MS or max(generation, abs(monotonic_ns)) >= _WHOLE_MAX:
            raise OperatorError(
                f"{text[:80]!r} is no clock anchor: policy time ends with the year 9999, and numbers have 64 bits"
            )
        return cls(generation, policy_ms, monotonic_ns, rate)

    @classmethod
    def real(cls, *, rate: float = 1.0) -> "Anchor":
        """Generation 0: policy time starts where this host's wall clock stands now."""
        return cls(0, time.time_ns() // NS_PER_MS, time.monotonic_ns(), rate)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Both clocks of a process: the anchor it is on, and what its machine's monotonic clock shows at that moment."""

    anchor: Anchor
    monotonic_ns: int


class AnchorSeal:
    """Signs the anchor that travels as a request header, so that no client can move a node's clock. Likewise a question
    about a node's clocks and its answer, so that no client can ask, and nobody but a node can answer."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def stamp(self, anchor: Anchor) -> str:
        text = str(anchor)
        return f"{text};{self._tag(text)}"

    def open(self, stamp: str) -> Anchor | None:
        """The anchor inside a stamp, or None when the signature is not ours or what it signs is no anchor."""
        text, _, tag = stamp.rpartition(";")
        if not hmac.compare_digest(tag.encode("utf-8", "replace"), self._tag(text).encode()):
            return None
        try:
            return Anchor.parse(text)
        except OperatorError:
            return None

    def question(self) -> str:
        """Asks for a reading. There is nothing in it that could be used twice to any effect."""
        return self._tag("ask")

    def asks(self, question: str | None) -> bool:
        return question is not None and hmac.compare_digest(
            question.encode("utf-8", "replace"), self._tag("ask").encode()
        )

    def answer(self, reading: Clocks) -> str:
        text = f"{reading.anchor};{reading.monotonic_ns}"
        return f"{text};{self._tag(text)}"

    def read(self, answer: str | None) -> Clocks | None:
        """The reading inside an answer, or None when it is none of ours."""
        text, _, tag = (answer or "").rpartition(";")
        if not hmac.compare_digest(tag.encode("utf-8", "replace"), self._tag(text).encode()):
            return None
        anchor, _, monotonic_ns = text.rpartition(";")
        try:
            return Clocks(Anchor.parse(anchor), int(monotonic_ns))
        except (OperatorError, ValueError):
            return None

    def _tag(self, text: str) -> str:
        return hmac.new(self._key, text.encode("utf-8", "replace"), sha256).hexdigest()[:32]


Work = Callable[[], Awaitable[None]]


class Alarm:
    """Somebody who waits for a policy instant. `beat` marks the periodic ones, which no jump stops for; `works` those
    that have something to do when they wake."""

    __slots__ = ("at_ms", "beat", "future", "order", "woken", "works")

    def __init__(self, at_ms: int, order: int, *, beat: bool, works: bool) -> None:
        self.at_ms = at_ms
        self.order = order
        self.beat = beat
        self.works = works
        self.woken = False
        self.future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def __lt__(self, other: "Alarm") -> bool:
        return (self.at_ms, self.order) < (other.at_ms, other.order)


class PolicyClock:
    """One process's view of policy time. `skew_ms` is the clock-skew fault: this process alone is off by that much.

    Whoever waits for a policy instant does so here, and so the clock knows what is due and whether all that was due
    has been dealt with: `next_alarm_ms`, `settled`.
    """

    def __init__(
        self, anchor: Anchor | None = None, *, skew_ms: int = 0, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._monotonic_ns = monotonic_ns
        self._anchor = anchor or Anchor.real()
        self._skew_ms = skew_ms
        self._floor_ms = 0
        self._alarms: list[Alarm] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def anchor(self) -> Anchor:
        return self._anchor

    @property
    def skew_ms(self) -> int:
        return self._skew_ms

    def reading(self) -> Clocks:
        return Clocks(self._anchor, self._monotonic_ns())

    def now_ms(self) -> int:
        """Policy time now, in ms since the epoch. It never goes back but by a change of this process's skew."""
        cluster_ms = self._anchor.at(self._monotonic_ns())
        return (cluster_ms if cluster_ms > self._floor_ms else self._floor_ms) + self._skew_ms

    def adopt(self, anchor: Anchor) -> bool:
        """Takes a newer anchor and wakes whoever it makes due; False when the anchor is not newer than ours.

        A process that hears late of a pause has run on meanwhile. It then stays where it is until the cluster has
        caught up, since time that goes back would bring expired things back to life.
        """
        if anchor.generation <= self._anchor.generation:
            return False
        self._floor_ms = self.now_ms() - self._skew_ms
        self._anchor = anchor
        self._wake_due()
        return True

    def skew(self, skew_ms: int) -> None:
        """Sets this process's own offset from the cluster's policy time."""
        self._skew_ms = skew_ms
        self._wake_due()

    @property
    def next_alarm_ms(self) -> int | None:
        """The earliest instant, on the cluster's clock, that somebody here sleeps until; None for nobody.

        Periodic work does not count: of the beats that a jump passes, one at its end is enough.
        """
        waiting = (alarm.at_ms for alarm in self._alarms if not alarm.beat and not alarm.future.done())
        due_ms = min(waiting, default=None)
        return None if due_ms is None else due_ms - self._skew_ms

    async def sleep_until(self, at_ms: int) -> None:
        """Waits until policy time has reached `at_ms`, however it gets there: running, stepped or resumed."""
        await self._set_alarm(at_ms, beat=False, works=False).future

    async def at(self, at_ms: int, work: Work) -> None:
        """Does `work` at that instant. A jump that passes the instant stops there until the work is done."""
        async with self._turn(at_ms, beat=False):
            await work()

    async def every(self, interval_ms: int, work: Work) -> None:
        """Does `work` now and then every `interval_ms`, until cancelled. A jump over many intervals is one beat."""
        due_ms = self.now_ms()
        while True:
            async with self._turn(due_ms, beat=True):
                await work()
            due_ms = self.now_ms() + interval_ms

    @property
    def settled(self) -> bool:
        """Has everything that was due here been done?"""
        return self._at_work == 0

    async def settle(self) -> None:
        """Waits until everything that has come due here has been done."""
        await self._idle.wait()

    @asynccontextmanager
    async def _turn(self, at_ms: int, *, beat: bool) -> AsyncIterator[None]:
        """Waits; from the moment of waking to the end of the block the clock counts as busy."""
        alarm = self._set_alarm(at_ms, beat=beat, works=True)
        try:
            await alarm.future
            yield
        finally:
            if alarm.woken:
                self._end_work()

    def _set_alarm(self, at_ms: int, *, beat: bool, works: bool) -> Alarm:
        alarm = Alarm(at_ms, next(self._order), beat=beat, works=works)
        heapq.heappush(self._alarms, alarm)
        self._wake_due()
        return alarm

    def _wake_due(self) -> None:
        now_ms = self.now_ms()
        while (alarm := self._first()) is not None and alarm.at_ms <= now_ms:
            heapq.heappop(self._alarms)
            alarm.woken = True
            alarm.future.set_result(None)
            if alarm.works:
                self._at_work += 1
                self._idle.clear()
        self._arm()

    def _end_work(self) -> None:
        self._at_work -= 1
        if self._at_work == 0:
            self._idle.set()

    def _first(self) -> Alarm | None:
        while self._alarms and self._alarms[0].future.done():
            heapq.heappop(self._alarms)
        return self._alarms[0] if self._alarms else None

    def _arm(self) -> None:
        """Real-time timer for the first alarm; none while policy time is paused."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        first = self._first()
        if first is None or self._anchor.rate == 0:
            return
        delay_s = max(0.0, (first.at_ms - self.now_ms()) / 1000 / self._anchor.rate)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._wake_due)


class FakeClock(PolicyClock):
    """The test twin: monotonic time stands still until a test moves it with `tick`."""

    def __init__(self, policy_ms: int = 1_772_442_000_000, *, rate: float = 1.0) -> None:
        self._fake_ns = 0
        super().__init__(Anchor(0, policy_ms, 0, rate), monotonic_ns=lambda: self._fake_ns)

    def tick(self, real_ms: int) -> None:
        """Lets that much real time pass."""
        self._fake_ns += real_ms * NS_PER_MS
        self._wake_due()

    def step(self, by_ms: int) -> None:
        """Moves policy time by that much, as an operator would."""
        self.adopt(self.anchor.moved(self._fake_ns, to_ms=self.now_ms() - self.skew_ms + by_ms))


def as_datetime(at_ms: int) -> datetime:
    """A policy instant as an aware UTC datetime, exact to the millisecond."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def as_ms(at: datetime) -> int:
    """The inverse of `as_datetime`; whole milliseconds, rounded down."""
    return int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000


def jira_time(at_ms: int) -> str:
    """A policy instant the way Jira's REST API writes times: 2013-12-04T07:54:59.824+0000."""
    return f"{_to_the_second(at_ms // 1000)}.{at_ms % 1000:03}+0000"


@lru_cache(maxsize=16)
def _to_the_second(at_s: int) -> str:
    """Most instants written out are of the running second."""
    return as_datetime(at_s * 1000).strftime("%Y-%m-%dT%H:%M:%S")
