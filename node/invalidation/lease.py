"""Leases: for how long a node may trust its caches, and what it knows of the leases of others.

Everything here is real time on this host's boot-time clock, which goes on counting while the machine is suspended.
Clocks of different machines are never compared: a node counts its own lease from before it asked for it, and judges the
leases of others by when it last saw them renewed. Only the rate of clocks has to be right, within `DRIFT`.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

DRIFT = 0.02
"""How much faster or slower one machine's clock may run than another's: 2 %, far beyond any quartz."""
NS = 1_000_000_000
NS_PER_MS = 1_000_000

BootClock = Callable[[], int]

boot_ns: BootClock = partial(time.clock_gettime_ns, getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
"""Nanoseconds since boot, suspended time included where the system can tell."""


class Lease:
    """This node's own lease. Not held until it is extended for the first time."""

    def __init__(self, length_s: float, *, clock: BootClock = boot_ns) -> None:
        self.length_ns = round(length_s * NS)
        self.clock = clock
        self._until_ns = 0

    def holds(self) -> bool:
        """Asked at every decision; no waiting, no I/O."""
        return self.clock() < self._until_ns

    def extend(self, noted_ns: int) -> None:
        """Proof was obtained by asking at `noted_ns` or later; the lease counts from there and never gets shorter."""
        self._until_ns = max(self._until_ns, noted_ns + self.length_ns)

    def end(self) -> None:
        self._until_ns = 0

    @property
    def left_s(self) -> float:
        return max(0, self._until_ns - self.clock()) / NS


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """What the database says of a node's lease. `beats` is another number with each renewal, and never one that this
    life of the node has used before; `applied` is a position in the log; `lease_ms` is how long a renewal lasts, which
    is a matter of that node's settings and not of ours."""

    node_id: str
    incarnation: str
    beats: int
    applied: int
    lease_ms: int

    @property
    def patience_ns(self) -> int:
        """For how long its holder may trust its caches, by the clock of anybody else."""
        return round(self.lease_ms * (1 + DRIFT) * NS_PER_MS)


@dataclass(frozen=True, slots=True)
class _Seen:
    row: LeaseRow
    since_ns: int


class LeaseWatch:
    """When this node first saw each lease as it is now. From then on it can last one lease at most, since its holder
    asked for it even earlier."""

    def __init__(self, *, clock: BootClock = boot_ns) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], _Seen] = {}

    def observe(self, rows: Iterable[LeaseRow]) -> None:
        """Rows as they were just read."""
        now_ns = self._clock()
        before = self._seen
        self._seen = {}
        for row in rows:
            key = (row.node_id, row.incarnation)
            known = before.get(key)
            unchanged = known is not None and known.row.beats == row.beats
            self._seen[key] = known if known is not None and unchanged else _Seen(row, now_ns)

    def over_at_ns(self, row: LeaseRow, *, read_ns: int) -> int:
        """The instant at which a lease, read as it is at `read_ns`, is certainly over unless it is renewed. A renewal
        cannot help it back to an older state of the log."""
        known = self._seen.get((row.node_id, row.incarnation))
        since_ns = known.since_ns if known is not None and known.row.beats == row.beats else read_ns
        return since_ns + row.patience_ns

    def long_over(self, *, leases: int = 10) -> list[LeaseRow]:
        """Leases that nobody has renewed for that many of their lengths, as they were last observed. Such a row can go
        if it still is as it is here; a node that was away itself knows nothing of what came after it looked."""
        now_ns = self._clock()
        return [seen.row for seen in self._seen.values() if now_ns - seen.since_ns > leases * seen.row.patience_ns]
