"""`duplicate`: published messages reach this subscriber more than once."""

import random

from pydantic import Field

from compose.cluster.links.connection import Pipe
from compose.cluster.links.faults.messages import MessageFault, MessageStage


class Duplicate(MessageFault):
    """Counts messages that came again."""

    kind = "duplicate"

    copies: int = Field(2, ge=2, le=10, description="how often such a message arrives in all")

    def stage(self, pipe: Pipe, chance: random.Random) -> MessageStage:
        return Duplicating(pipe, chance, share=self.share, copies=self.copies)


class Duplicating(MessageStage):
    """All copies arrive together."""

    def __init__(self, pipe: Pipe, chance: random.Random, *, share: float, copies: int) -> None:
        super().__init__(pipe, chance, share=share)
        self._copies = copies

    def hit(self, message: bytes) -> None:
        self.pipe.pass_on(message * self._copies)
