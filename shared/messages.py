"""What travels on the bus: an invalidation as a hint. It names a user and an epoch and never carries a value."""

import json
from dataclasses import asdict, dataclass

PROTOCOL = 1


@dataclass(frozen=True, slots=True)
class Invalidation:
    """Whatever was issued to `user_key` before `epoch` is void; `user_key` None means everyone.

    `position` is the entry's dense number in `invalidation_log`; `at_ms` is policy time and only ever shown to people.
    """

    event_id: str
    position: int
    user_key: str | None
    epoch: int
    action: str
    origin: str
    at_ms: int

    def encode(self) -> bytes:
        return json.dumps({"protocol": PROTOCOL, **asdict(self)}, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, payload: bytes) -> "Invalidation | None":
        """The message, or None when it is of another protocol version or no message of ours at all."""
        try:
            fields = json.loads(payload)
            if fields.pop("protocol") != PROTOCOL:
                return None
            message = cls(**fields)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        well_formed = (
            isinstance(message.epoch, int)
            and isinstance(message.position, int)
            and isinstance(message.event_id, str)
            and isinstance(message.user_key, str | None)
        )
        return message if well_formed else None
