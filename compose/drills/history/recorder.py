"""Writes what happens as it happens, each record with both clocks. The one who knows what time it is in a drill."""

import itertools
import time
from collections.abc import Callable, Iterable

from compose.drills.history.journal import Journal
from compose.drills.history.records import (
    ClockChange,
    FaultChange,
    FaultPhase,
    Mark,
    NodeChange,
    NodeCondition,
    Record,
    Said,
)
from shared.clock import Anchor

Watcher = Callable[[Record], None]


class Recorder:
    """`anchor` is policy time as the cluster has it; whoever steers time says so here. `watchers` see every record."""

    def __init__(self, journal: Journal, anchor: Anchor, *, watchers: Iterable[Watcher] = ()) -> None:
        self._journal = journal
        self._anchor = anchor
        self._began_ns = time.monotonic_ns()
        self._watchers = tuple(watchers)
        self._numbers = itertools.count(1)

    def real_ns(self) -> int:
        """Since the run began."""
        return time.monotonic_ns() - self._began_ns

    def policy_ms(self) -> int:
        """Now, as every process of the cluster computes it."""
        return self._anchor.at(time.monotonic_ns())

    def new_op(self) -> int:
        return next(self._numbers)

    def write(self, record: Record) -> None:
        self._journal.write(record)
        for watch in self._watchers:
            watch(record)

    def mark(self, name: str) -> None:
        self.write(Mark(self.real_ns(), self.policy_ms(), name))

    def say(self, text: str, *, is_problem: bool = False) -> None:
        self.write(Said(self.real_ns(), self.policy_ms(), text, is_problem))

    def fault(
        self,
        name: str,
        kind: str,
        target: str,
        phase: FaultPhase,
        detail: str = "",
        hits: int | None = None,
        skew_ms: int | None = None,
    ) -> None:
        self.write(FaultChange(self.real_ns(), self.policy_ms(), name, kind, target, phase, detail, hits, skew_ms))

    def node(
        self,
        node: str,
        condition: NodeCondition,
        version: str,
        *,
        says_version: str | None = None,
        cause: str = "",
        soft: bool = False,
    ) -> None:
        self.write(NodeChange(self.real_ns(), self.policy_ms(), node, condition, version, says_version, cause, soft))

    def clock(self, anchor: Anchor, *, before_ms: int, late: tuple[str, ...] = ()) -> None:
        """Policy time has been moved; from here on records carry it."""
        self._anchor = anchor
        self.write(ClockChange(self.real_ns(), self.policy_ms(), before_ms, anchor.rate, late))
