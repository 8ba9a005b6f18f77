"""`freeze`: nothing moves, nothing is lost, connections stay open. Both sides believe that the other is merely slow.

What is sent waits with its sender, as behind a machine that stands still. Whoever dials is connected to the relay and
waits, too. Healing lets everything go on where it stopped, in order and complete.
"""

from compose.cluster.links.connection import Connection, Hold, Pipe
from compose.cluster.links.faults.base import Fault
from compose.cluster.links.stages import Item, Stage


class Frozen(Stage):
    """Holds the little that arrives after reading was stopped."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__(pipe)
        self._held: list[Item] = []
        pipe.hold(Hold.FAULT)

    def take(self, item: Item) -> None:
        self._held.append(item)

    def end(self) -> None:
        for item in self._held:
            self.pipe.pass_on(item)
        self.pipe.release(Hold.FAULT)


class Freeze(Fault):
    """Counts the connections that stand still."""

    kind = "freeze"
    connects = False

    def begin(self, connection: Connection) -> int:
        for pipe in connection.pipes:
            pipe.stage = Frozen(pipe)
        return 1
