"""`cut-out` and `cut-in`: one direction arrives, the other does not. Out is along the arrow of the link's name.

With `cut-in` on `node-1->postgres` the database commits what the node asks for, and the node never hears of it. No new
connection can be made either way, since making one takes both directions. Otherwise as `cut`.
"""

from compose.cluster.links.connection import Connection
from compose.cluster.links.faults.base import Fault
from compose.cluster.links.faults.cut import swallow


class CutOut(Fault):
    """What the dialling side sends is lost."""

    kind = "cut-out"
    connects = False

    def begin(self, connection: Connection) -> int:
        return swallow(connection, connection.out)


class CutIn(Fault):
    """What the dialling side should hear is lost."""

    kind = "cut-in"
    connects = False

    def begin(self, connection: Connection) -> int:
        return swallow(connection, connection.inward)
