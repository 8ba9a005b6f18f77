"""What the message faults have in common: they see each published message on its way to a subscriber, whole.

Answers to questions (those to PUBLISH and SUBSCRIBE, say) pass untouched and in order, so that only the bus is bad and
not the connection. A message whose beginning had already passed when the fault was set passes as well.
"""

import random

from pydantic import Field

from compose.cluster.links.connection import Connection, Pipe
from compose.cluster.links.faults.base import Fault
from compose.cluster.links.frames import MORE
from compose.cluster.links.stages import Item, Stage

HELD_MAX = 1024 * 1024
"""A frame longer than this is no message of ours and passes in pieces."""


class MessageFault(Fault):
    """Hits that share of the messages, drawn with the seed; counts those it hit."""

    needs_redis = True

    share: float = Field(1.0, ge=0, le=1)
    seed: int = 0

    def begin(self, connection: Connection) -> int:
        chance = random.Random(f"{self.seed}/{connection.number}")
        connection.inward.stage = self.stage(connection.inward, chance)
        return 0

    def stage(self, pipe: Pipe, chance: random.Random) -> "MessageStage":
        raise NotImplementedError


class MessageStage(Stage):
    """Puts frames together again; a fault overrides `hit`, and `end` if it holds messages back."""

    wants_frames = True

    def __init__(self, pipe: Pipe, chance: random.Random, *, share: float) -> None:
        super().__init__(pipe)
        assert pipe.frames is not None
        self._frames = pipe.frames
        self._chance = chance
        self._share = share
        self._passes = pipe.frames.inside
        self._frame: list[bytes] = []
        self._size = 0

    def hit(self, message: bytes) -> None:
        """A message the fault is for."""
        raise NotImplementedError

    def miss(self, message: bytes) -> None:
        """A message that passes."""
        self.pipe.pass_on(message)

    def take(self, item: Item) -> None:
        self.end()
        self.pipe.pass_on(item)

    def take_frames(self, frames: list[tuple[bytes, object]]) -> None:
        for piece, found in frames:
            self._frame.append(piece)
            self._size += len(piece)
            if self._passes or self._size > HELD_MAX:
                self._passes = found is MORE
                self._give_on()
            elif found is not MORE:
                self._judge(found)

    def end(self) -> None:
        self._give_on()

    def _judge(self, found: object) -> None:
        if not self._frames.is_message(found):
            self._give_on()
            return
        message = b"".join(self._frame)
        self._forget_frame()
        if self._chance.random() < self._share:
            self.pipe.hits += 1
            self.hit(message)
        else:
            self.miss(message)

    def _give_on(self) -> None:
        if self._frame:
            self.pipe.pass_on(b"".join(self._frame))
            self._forget_frame()

    def _forget_frame(self) -> None:
        self._frame.clear()
        self._size = 0
