"""Fault injection: a node whose event loop stands still again and again, as under a long computation or a slow disk.

While it stands still the node does nothing at all: no request, no heartbeat, no acknowledgement, and no operator
endpoint either. Durations are real ms.
"""

import asyncio
import time
from dataclasses import asdict, dataclass

from shared.errors import CallerError

BLOCK_MS_MAX = 10_000
EVERY_MS_MAX = 60_000
GAP_MS_MIN = 10
"""Between two blocks the loop has at least this long, or nobody could ever take the fault back."""


@dataclass(frozen=True, slots=True)
class LoopBlock:
    """For how long the loop is held, and how often, from the beginning of one block to that of the next. Raises
    CallerError 400 for what is out of bounds."""

    loop_block_ms: int
    every_ms: int

    def __post_init__(self) -> None:
        for name, value, most in (
            ("loop_block_ms", self.loop_block_ms, BLOCK_MS_MAX),
            ("every_ms", self.every_ms, EVERY_MS_MAX),
        ):
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise CallerError(400, f"'{name}' must be a whole number of ms from 1 to {most}")
        if self.every_ms < self.loop_block_ms + GAP_MS_MIN:
            raise CallerError(400, f"'every_ms' must be at least {GAP_MS_MIN} ms more than 'loop_block_ms'")


class LoopFault:
    """At most one at a time. `blocks` counts how often the loop was held since the fault was set."""

    def __init__(self) -> None:
        self._block: LoopBlock | None = None
        self._next: asyncio.TimerHandle | None = None
        self._blocks = 0

    def set(self, block: LoopBlock) -> None:
        """In place of the one before. Whoever sets it is answered before the first block."""
        self.lift()
        self._block, self._blocks = block, 0
        self._next = asyncio.get_running_loop().call_later(GAP_MS_MIN / 1000, self._hold)

    def lift(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._block = self._next = None

    def describe(self) -> dict[str, object]:
        """The fault in force, null where there is none, and how often it or the last one struck."""
        return {"slow_loop": None if self._block is None else asdict(self._block), "blocks": self._blocks}

    def _hold(self) -> None:
        assert self._block is not None
        self._blocks += 1
        time.sleep(self._block.loop_block_ms / 1000)
        gap_ms = self._block.every_ms - self._block.loop_block_ms
        self._next = asyncio.get_running_loop().call_later(gap_ms / 1000, self._hold)
