"""`delay`: everything arrives later, in order and complete; ends of connections too.

At most HELD_MAX bytes of a direction are under way at once; beyond that the sender waits, as with a long thin line.
"""

import asyncio
import random
from collections import deque

from pydantic import Field

from compose.cluster.links.connection import Connection, Hold, Pipe
from compose.cluster.links.faults.base import Fault
from compose.cluster.links.stages import Item, Stage

HELD_MAX = 256 * 1024


class Delay(Fault):
    """Each way. Counts delayed pieces. The same seed draws the same jitter for the same connection and direction."""

    kind = "delay"

    ms: float = Field(ge=0, le=600_000, description="real")
    jitter_ms: float = Field(0, ge=0, le=600_000, description="real; up to this much more or less, evenly")
    seed: int = 0

    def begin(self, connection: Connection) -> int:
        for pipe in connection.pipes:
            chance = random.Random(f"{self.seed}/{connection.number}/{pipe.way}")
            pipe.stage = Late(pipe, self, chance)
        return 0


class Late(Stage):
    """What is under way, each item with the instant at which it arrives."""

    def __init__(self, pipe: Pipe, settings: Delay, chance: random.Random) -> None:
        super().__init__(pipe)
        self._settings = settings
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[tuple[float, Item]] = deque()
        self._bytes = 0
        self._last_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, item: Item) -> None:
        late_ms = self._settings.ms + self._chance.uniform(-1, 1) * self._settings.jitter_ms
        self._last_s = max(self._last_s, self._loop.time() + late_ms / 1000)
        self._under_way.append((self._last_s, item))
        self.pipe.hits += 1
        self._bytes += len(item) if isinstance(item, bytes) else 0
        if self._bytes > HELD_MAX:
            self.pipe.hold(Hold.FAULT)
        if self._timer is None:
            self._timer = self._loop.call_at(self._last_s, self._arrive)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        while self._under_way:
            self._give_on()
        self.pipe.release(Hold.FAULT)

    def _arrive(self) -> None:
        self._timer = None
        while self._under_way and self._under_way[0][0] <= self._loop.time():
            self._give_on()
        if self._bytes <= HELD_MAX:
            self.pipe.release(Hold.FAULT)
        if self._under_way:
            self._timer = self._loop.call_at(self._under_way[0][0], self._arrive)

    def _give_on(self) -> None:
        _, item = self._under_way.popleft()
        self._bytes -= len(item) if isinstance(item, bytes) else 0
        self.pipe.pass_on(item)
