"""Stretches in which nobody got a proper answer."""

from collections.abc import Iterable
from dataclasses import dataclass

from compose.drills.history.history import Operation


@dataclass(frozen=True, slots=True)
class Outage:
    """`failed` requests in a row, from the sending of the first to the sending of the next good one; `is_over` is
    false for one that lasted to the end of what was looked at."""

    starts_ns: int
    ends_ns: int
    failed: tuple[Operation, ...]
    is_over: bool

    @property
    def real_ms(self) -> float:
        return (self.ends_ns - self.starts_ns) / 1e6


def outages(operations: Iterable[Operation], *, ends_ns: int) -> list[Outage]:
    """In the order they began. `ends_ns`: when looking ended."""
    found: list[Outage] = []
    failed: list[Operation] = []
    for operation in sorted(operations, key=lambda one: one.started_ns):
        if operation.is_failed:
            failed.append(operation)
        elif failed:
            found.append(Outage(failed[0].started_ns, operation.started_ns, tuple(failed), True))
            failed = []
    if failed:
        found.append(Outage(failed[0].started_ns, max(ends_ns, failed[-1].started_ns), tuple(failed), False))
    return found
