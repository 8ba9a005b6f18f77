"""`reorder`: published messages reach this subscriber later than ones that were published after them."""

import asyncio
import random

from pydantic import Field

from compose.cluster.links.connection import Pipe
from compose.cluster.links.faults.messages import MessageFault, MessageStage


class Reorder(MessageFault):
    """A message that is hit waits until `window` of them do, or `hold_ms` are over; then they arrive shuffled.
    Messages that are not hit overtake them. Counts messages that waited."""

    kind = "reorder"

    window: int = Field(3, ge=1, le=1000)
    hold_ms: float = Field(100, gt=0, le=600_000, description="real")

    def stage(self, pipe: Pipe, chance: random.Random) -> MessageStage:
        return Reordering(pipe, chance, self)


class Reordering(MessageStage):
    """What waits."""

    def __init__(self, pipe: Pipe, chance: random.Random, settings: Reorder) -> None:
        super().__init__(pipe, chance, share=settings.share)
        self._settings = settings
        self._waiting: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def hit(self, message: bytes) -> None:
        self._waiting.append(message)
        if len(self._waiting) >= self._settings.window:
            self._let_go()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._settings.hold_ms / 1000, self._let_go)

    def end(self) -> None:
        """What waits comes before an unfinished frame: there it stood in the stream."""
        self._let_go()
        super().end()

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        if len(waiting) > 1:
            in_order = list(waiting)
            while waiting == in_order and len(set(in_order)) > 1:
                self._chance.shuffle(waiting)
        for message in waiting:
            self.pipe.pass_on(message)
