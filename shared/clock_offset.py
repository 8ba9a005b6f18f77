"""How far a process's monotonic clock is ahead of ours: not at all on one machine, by days on another one. Pure.

It is asked what its monotonic clock shows; it read it at some moment between our question and its answer, so half
of that time bounds the error. Of the latest answers the quickest one counts. When the offset is within that bound, the
clock may as well be the same, and it is taken to be: on one machine it always is, and on two that were booted that
close together it makes no difference.
"""

from collections import deque
from dataclasses import dataclass

KEPT = 20
"""Answers among which the quickest is sought: two clocks drift apart by some ten microseconds a second."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer: the offset it tells, and how wrong that may be."""

    offset_ns: int
    bound_ns: int

    @classmethod
    def of(cls, asked_ns: int, shown_ns: int, answered_ns: int) -> "Sample":
        """`shown_ns` is its clock, the others ours."""
        return cls(shown_ns - (asked_ns + answered_ns) // 2, (answered_ns - asked_ns) // 2 + 1)


class ClockOffset:
    """That of one process. `known` once it has answered, whatever it said."""

    def __init__(self) -> None:
        self.known = False
        self.ns = 0
        self.bound_ns = 0
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    def learn(self, sample: Sample) -> None:
        """A change within the bound of what we hold is none: every change would seal a new stamp."""
        self.known = True
        self._samples.append(sample)
        best = min(self._samples, key=lambda one: one.bound_ns)
        offset_ns = 0 if abs(best.offset_ns) <= best.bound_ns else best.offset_ns
        if best.bound_ns < self.bound_ns or abs(offset_ns - self.ns) > best.bound_ns or not self.bound_ns:
            self.ns = offset_ns
        self.bound_ns = best.bound_ns

    def has_none(self) -> None:
        """It answers without a reading: taken to be on this machine."""
        self.known = True
