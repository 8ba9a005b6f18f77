"""Who has applied the log how far, and the calls that wait until everybody has."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress

from node.invalidation.lease import NS, BootClock, LeaseRow
from node.invalidation.receipts import NodeReceipt, Outcome

Life = tuple[str, str]
"""A node's id and its incarnation."""


class Acknowledgements:
    """The latest position that each life of a node has acknowledged, and the calls that still wait for some."""

    def __init__(self, clock: BootClock) -> None:
        self._clock = clock
        self._applied: dict[Life, int] = {}
        self._waits: set[_Wait] = set()

    def note(self, life: Life, applied: int) -> None:
        """They may come twice, late and in any order."""
        if applied <= self._applied.get(life, -1):
            return
        self._applied[life] = applied
        for wait in self._waits:
            if applied >= wait.position:
                wait.settle(life, Outcome.APPLIED, self._clock())

    def keep(self, lives: Collection[Life]) -> None:
        """Forgets all lives but those: incarnations come with every restart of a node."""
        self._applied = {life: applied for life, applied in self._applied.items() if life in lives}

    async def wait_for(
        self, position: int, over_at_ns: Mapping[LeaseRow, int], *, committed_ns: int
    ) -> tuple[NodeReceipt, ...]:
        """Returns when each life has acknowledged the position or its lease is over.

        The last acknowledgement wakes the caller and the others do not: each wake-up is paid within the call.
        """
        wait = _Wait(position, {_life(row): limit_ns for row, limit_ns in over_at_ns.items()})
        for life in list(wait.open):
            if self._applied.get(life, -1) >= position:  # it found the entry in the log before we sent the hint
                wait.settle(life, Outcome.APPLIED, self._clock())
        self._waits.add(wait)
        try:
            while wait.open:
                await self._await_next(wait)
        finally:
            self._waits.discard(wait)
        return tuple(wait.receipt(_life(row), committed_ns) for row in over_at_ns)

    async def _await_next(self, wait: "_Wait") -> None:
        """Until nobody is open any more or another lease is over."""
        left_ns = min(wait.open.values()) - self._clock()
        if left_ns > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_ns / NS):
                    await wait.nobody_open.wait()
        now_ns = self._clock()
        for life, over_at_ns in list(wait.open.items()):
            if over_at_ns <= now_ns:
                wait.settle(life, Outcome.FENCED, now_ns)


class _Wait:
    """One call. `open` are the lives that owe an acknowledgement, each with the instant at which its lease is over."""

    def __init__(self, position: int, over_at_ns: dict[Life, int]) -> None:
        self.position = position
        self.open = over_at_ns
        self.nobody_open = asyncio.Event()
        self._settled: dict[Life, tuple[Outcome, int]] = {}

    def settle(self, life: Life, outcome: Outcome, at_ns: int) -> None:
        """The first word on a life counts."""
        if self.open.pop(life, None) is None:
            return
        self._settled[life] = (outcome, at_ns)
        if not self.open:
            self.nobody_open.set()

    def receipt(self, life: Life, committed_ns: int) -> NodeReceipt:
        outcome, at_ns = self._settled[life]
        return NodeReceipt(life[0], outcome, (at_ns - committed_ns) / 1e6)


def _life(row: LeaseRow) -> Life:
    return (row.node_id, row.incarnation)
