"""`drop`: published messages do not reach this subscriber, and nobody is told."""

import random

from compose.cluster.links.connection import Pipe
from compose.cluster.links.faults.messages import MessageFault, MessageStage


class Drop(MessageFault):
    """Counts lost messages."""

    kind = "drop"

    def stage(self, pipe: Pipe, chance: random.Random) -> MessageStage:
        return Dropping(pipe, chance, share=self.share)


class Dropping(MessageStage):
    """The stream stays whole: a whole message is missing from it."""

    def hit(self, message: bytes) -> None:
        return
