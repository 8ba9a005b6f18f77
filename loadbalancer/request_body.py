"""A request's body on its way to a node: what has been sent, what waits, and what can be sent once more. Pure."""

from loadbalancer.head import frame
from loadbalancer.parser import IncomingRequest


class RequestBody:
    """The body of one request. What was sent is kept up to `replay_bytes`, so that another node can get it too."""

    __slots__ = ("_kept", "_kept_bytes", "_replay_bytes", "_request", "replayable", "sent")

    def __init__(self, request: IncomingRequest, *, replay_bytes: int) -> None:
        self.sent = False
        self.replayable = True
        self._request = request
        self._replay_bytes = replay_bytes
        self._kept: list[bytes] = []
        self._kept_bytes = 0

    def from_the_start(self) -> bytes:
        """All of the body so far, framed for a node that has had none of it."""
        return self._framed([*self._kept, *self._take()])

    def more(self) -> bytes:
        """What has come since, framed; empty when there is nothing to send."""
        if self.sent or not (self._request.pieces or self._request.complete):
            return b""
        return self._framed(self._take())

    def _framed(self, pieces: list[bytes]) -> bytes:
        self.sent = self._request.complete
        return frame(pieces, self._request.head.framing, last=self.sent)

    def _take(self) -> list[bytes]:
        pieces, self._request.pieces = self._request.pieces, []
        self._kept_bytes += sum(map(len, pieces))
        if self._kept_bytes <= self._replay_bytes:
            self._kept += pieces
        else:
            self.replayable = False
            self._kept = []
        return pieces
