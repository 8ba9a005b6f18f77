"""What travels on the bus: hints, acknowledgements and canaries. They name users and numbers and never carry a value.

The bus may lose any of them. A hint lost is found in the log, an acknowledgement lost stands in the node's lease row.
"""

from dataclasses import asdict, dataclass
from typing import Any

import orjson

from shared.json_text import to_json

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
        return _encode("invalidation", asdict(self))

    @classmethod
    def decode(cls, payload: bytes) -> "Invalidation | None":
        """The message, or None when it is of another protocol version or no invalidation at all."""
        message = decode(payload)
        return message if isinstance(message, Invalidation) else None


@dataclass(frozen=True, slots=True)
class Ack:
    """That life of the node has applied the log up to `applied`."""

    node: str
    incarnation: str
    applied: int

    def encode(self) -> bytes:
        return _encode("ack", asdict(self))


@dataclass(frozen=True, slots=True)
class Canary:
    """The node can publish, and whoever hears this can listen; `position` is the latest it knows of."""

    node: str
    position: int

    def encode(self) -> bytes:
        return _encode("canary", asdict(self))


@dataclass(frozen=True, slots=True)
class QueueBatch:
    """The next entries of `sender`'s queue for whoever listens here, oldest first; each is an encoded Invalidation.

    `number` is the last one's row, and what the acknowledgement names.
    """

    sender: str
    number: int
    entries: list[str]

    def encode(self) -> bytes:
        return _encode("queue-batch", asdict(self))


@dataclass(frozen=True, slots=True)
class QueueAck:
    """The node has applied what its queue held up to `number`."""

    node: str
    number: int

    def encode(self) -> bytes:
        return _encode("queue-ack", asdict(self))


BusMessage = Invalidation | Ack | Canary | QueueBatch | QueueAck

_KINDS: dict[str, type[BusMessage]] = {
    "invalidation": Invalidation,
    "ack": Ack,
    "canary": Canary,
    "queue-batch": QueueBatch,
    "queue-ack": QueueAck,
}
_FIELDS: dict[type[BusMessage], dict[str, type | tuple[type, ...]]] = {
    Invalidation: {
        "event_id": str,
        "position": int,
        "user_key": (str, type(None)),
        "epoch": int,
        "action": str,
        "origin": str,
        "at_ms": int,
    },
    Ack: {"node": str, "incarnation": str, "applied": int},
    Canary: {"node": str, "position": int},
    QueueBatch: {"sender": str, "number": int, "entries": list},
    QueueAck: {"node": str, "number": int},
}


def decode(payload: bytes) -> BusMessage | None:
    """The message, or None when it is of another protocol version or no message of ours at all."""
    try:
        fields = orjson.loads(payload)
        kind = _KINDS[fields.pop("kind")]
        if fields.pop("protocol") != PROTOCOL:
            return None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    expected = _FIELDS[kind]
    if fields.keys() != expected.keys() or not all(isinstance(fields[name], expected[name]) for name in expected):
        return None
    return kind(**fields)


def _encode(kind: str, fields: dict[str, Any]) -> bytes:
    return to_json({"kind": kind, "protocol": PROTOCOL, **fields})
