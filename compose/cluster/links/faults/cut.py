"""`cut`: nothing arrives in either direction and nobody is told. The silent way of losing a link.

What is sent is taken and thrown away, ends of connections included. Whoever dials waits for an answer that does not
come. Healing resets every connection that lost something, and those that were dialled meanwhile, so that their owners
dial anew at once; a connection that lost nothing goes on.
"""

from compose.cluster.links.connection import Connection, Hold, Pipe
from compose.cluster.links.faults.base import Fault
from compose.cluster.links.stages import Item, Stage


class Swallow(Stage):
    """Takes everything and gives nothing."""

    def take(self, item: Item) -> None:
        self.pipe.lose(item)


def swallow(connection: Connection, *pipes: Pipe) -> int:
    """Cuts these directions. A connection that has not been made will not be."""
    for pipe in pipes:
        pipe.stage = Swallow(pipe)
    if connection.dialled:
        return 0
    connection.doomed = True
    connection.out.stage = Swallow(connection.out)
    connection.out.release(Hold.UNCONNECTED)
    return 1


class Cut(Fault):
    """Counts what was lost, in pieces, and connections that were not made."""

    kind = "cut"
    connects = False

    def begin(self, connection: Connection) -> int:
        return swallow(connection, *connection.pipes)
