"""Where an instant of the run stands on the page, and what policy time it was. All positions are percent of the width,
so that a lane can be stretched without stretching what stands in it."""

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil

from compose.drills.history.history import History
from compose.durations import in_words
from shared.clock import as_datetime

NS_PER_S = 1_000_000_000
_STEPS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MERGE_PERCENT, _MERGE_MANY_PERCENT, _MANY = 0.8, 6.0, 10
"""Jumps closer together than this are one hatched stretch; where there are many, also those further apart."""


@dataclass(frozen=True, slots=True)
class Jump:
    """Policy time that was skipped: `skipped_ms` of it, in `count` jumps, between two instants of real time."""

    starts_ns: int
    ends_ns: int
    skipped_ms: int
    count: int = 1

    @property
    def words(self) -> str:
        times = f" in {self.count} jumps" if self.count > 1 else ""
        return f"+{in_words(self.skipped_ms)}{times}"


@dataclass(frozen=True, slots=True)
class AxisMark:
    percent: float
    real: str
    policy: str


class Timeline:
    """One variant's time, as much of it as is drawn: twins share `starts_ns` and `ends_ns`, to be of one scale."""

    def __init__(self, history: History, starts_ns: int, ends_ns: int) -> None:
        self._history = history
        self.starts_ns = starts_ns
        self.ends_ns = max(ends_ns, starts_ns + 1)
        self._span_ns = self.ends_ns - starts_ns
        self._starts = history.opened.policy_ms
        self._anchors = [
            (history.opened.real_ns, history.opened.policy_ms, 0.0),
            *((change.real_ns, change.policy_ms, change.rate) for change in history.clock_changes),
        ]
        self._instants = [anchor[0] for anchor in self._anchors]

    def percent(self, real_ns: int) -> float:
        """What was before, or is after, stands at the edge."""
        return round(100 * min(max(real_ns - self.starts_ns, 0), self._span_ns) / self._span_ns, 3)

    def policy_ms(self, real_ns: int) -> int:
        since_ns, policy_ms, rate = self._anchors[max(0, bisect_right(self._instants, real_ns) - 1)]
        return policy_ms + int((real_ns - since_ns) * rate / 1_000_000)

    def policy(self, policy_ms: int) -> str:
        """The time of day, with the day if it is not the first one."""
        at, first = as_datetime(policy_ms), as_datetime(self._starts)
        day = "" if at.date() == first.date() else f"{at:%d %b} "
        return f"{day}{at:%H:%M:%S}"

    def both(self, real_ns: int, policy_ms: int | None = None) -> str:
        """An instant on both clocks: "12.345 s (real), 09:15:00 (policy)"."""
        policy = self.policy_ms(real_ns) if policy_ms is None else policy_ms
        return f"{real_ns / NS_PER_S:.3f} s (real), {self.policy(policy)} (policy)"

    @property
    def jumps(self) -> list[Jump]:
        """Every single one."""
        return [
            Jump(change.real_ns, change.real_ns, change.policy_ms - change.before_ms)
            for change in self._history.clock_changes
            if change.policy_ms > change.before_ms
        ]

    def merged_jumps(self) -> list[Jump]:
        """As they are drawn: neighbours together."""
        jumps = self.jumps
        near_ns = self._span_ns * (_MERGE_MANY_PERCENT if len(jumps) > _MANY else _MERGE_PERCENT) / 100
        merged: list[Jump] = []
        for jump in jumps:
            last = merged[-1] if merged else None
            if last is not None and jump.starts_ns - last.ends_ns <= near_ns:
                merged[-1] = Jump(
                    last.starts_ns, jump.ends_ns, last.skipped_ms + jump.skipped_ms, last.count + jump.count
                )
            else:
                merged.append(jump)
        return merged

    def axis(self, wanted: int = 9) -> list[AxisMark]:
        """Round numbers of real seconds, about so many, each with its policy time."""
        span_s = self._span_ns / NS_PER_S
        step_s = next((step for step in _STEPS_S if span_s / step <= wanted), max(span_s / wanted, 3600))
        ends_ns = self._history.ends_ns
        marks = []
        first = ceil(self.starts_ns / NS_PER_S / step_s)
        for at in range(first, int(self.ends_ns / NS_PER_S / step_s) + 1):
            real_ns = int(at * step_s * NS_PER_S)
            policy = self.policy(self.policy_ms(real_ns)) if real_ns <= ends_ns else ""
            marks.append(AxisMark(self.percent(real_ns), f"{at * step_s:g} s", policy))
        return marks
