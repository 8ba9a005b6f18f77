"""`reset`: connections are broken off, and whoever dials is refused. The loud way of losing a link."""

from compose.cluster.links.connection import Connection
from compose.cluster.links.faults.base import Fault


class Reset(Fault):
    """Counts the connections it broke off."""

    kind = "reset"
    refuses = True

    def begin(self, connection: Connection) -> int:
        connection.reset()
        return 1
