"""Where Redis' messages begin and end in what the server says. hiredis does the parsing.

Its reader does not tell how far it has read, but a frame always ends with a line, so it is fed line by line: the line
after which it has an object is the last one of that object's frame.
"""

from collections.abc import Sequence

import hiredis

MORE = object()
"""Stands for a piece after which the frame is not complete."""
_PUSHED = (b"message", b"pmessage")


class Frames:
    """Follows one connection from its first byte. `inside`: the last piece left a frame unfinished."""

    def __init__(self) -> None:
        self._reader = hiredis.Reader(notEnoughData=MORE)
        self._subscribed = False
        self._foreign = False
        self.inside = False

    def feed(self, data: bytes) -> list[tuple[bytes, object]]:
        """The same bytes in pieces, each with the object that it completes, or MORE.

        Bytes that are no Redis protocol (TLS, say) come back as one piece, now and from then on.
        """
        if self._foreign:
            return [(data, None)]
        pieces: list[tuple[bytes, object]] = []
        start = 0
        while start < len(data):
            end = data.find(b"\n", start) + 1 or len(data)
            piece = data[start:end]
            try:
                self._reader.feed(piece)
                found = self._reader.gets()
            except hiredis.ProtocolError:
                self._foreign, self.inside = True, False
                return [*pieces, (data[start:], None)]
            self.inside = found is MORE
            if isinstance(found, list) and found and found[0] == b"subscribe":
                self._subscribed = True
            pieces.append((piece, found))
            start = end
        return pieces

    def is_message(self, found: object) -> bool:
        """Is this what somebody published, and not the answer to a question? Protocol 3 marks it; in protocol 2 a
        connection that has subscribed hears nothing else of that shape."""
        if not isinstance(found, Sequence) or not found or found[0] not in _PUSHED:
            return False
        return isinstance(found, hiredis.PushNotification) or self._subscribed
