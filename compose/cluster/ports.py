"""Ports on loopback that stay ours while nobody listens on them.

A node that is killed and started again must come back on the port its neighbours and users know, and until then a
connection to it must be refused, not taken by a stranger. A socket that is bound but does not listen does both: the
kernel gives its port to nobody else, and answers connection attempts with a reset.
"""

import socket
import sys
from types import TracebackType

from shared.errors import OperatorError

LOOPBACK = "127.0.0.1"


class PortReservation:
    """A TCP port held for a program that binds it with SO_REUSEPORT, for as long as this object is open.

    `port` 0 lets the system choose. Raises OperatorError when the port is in use.
    """

    def __init__(self, port: int = 0, *, host: str = LOOPBACK) -> None:
        if port:
            require_free(port, host=host)
        self.host = host
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self._socket.bind((host, port))
        except OSError as error:
            self._socket.close()
            raise _in_use(host, port, error) from error
        self.port: int = self._socket.getsockname()[1]

    def hand_over(self) -> None:
        """Makes way for a server that does not know SO_REUSEPORT, such as Postgres and Valkey.

        They set SO_REUSEADDR. With that on both sides Linux lets them bind beside us, so nothing has to be given up;
        elsewhere the port is free for a moment, and a stranger who takes it then makes the server's start fail.
        """
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            self.close()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "PortReservation":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def require_free(port: int, *, host: str = LOOPBACK) -> None:
    """Raises OperatorError when the port is in use.

    A reservation alone would not notice: SO_REUSEPORT binds even what another program of the same user listens on.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise _in_use(host, port, error) from error


def _in_use(host: str, port: int, error: OSError) -> OperatorError:
    reason = (error.strerror or str(error)).lower()
    return OperatorError(f"port {port} on {host} cannot be had: {reason}; give another --port, or 0 for any free one")
