"""Receipts: what became of an invalidation on each node, kept for whoever asks afterwards."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from shared.messages import Invalidation

KEPT_MAX = 1_000


class Outcome(StrEnum):
    """What is known of one node when the call returns.

    APPLIED: it has said so. FENCED: its lease is over, so it asks the database until it has caught up. QUEUED: it will
    be told as soon as it can be reached. TOLD: a message went out and nobody knows. NOT_TOLD: nothing went out.
    """

    APPLIED = "applied"
    FENCED = "fenced"
    QUEUED = "queued"
    TOLD = "told"
    NOT_TOLD = "not told"


@dataclass(frozen=True, slots=True)
class NodeReceipt:
    """One node's part. `after_ms` is real time since the commit."""

    node_id: str
    outcome: Outcome
    after_ms: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """One invalidation: the message, what each node made of it, and how long the call waited for them (real)."""

    event: Invalidation
    nodes: tuple[NodeReceipt, ...] = ()
    waited_ms: float = 0.0


class Receipts:
    """The latest receipts of this node's own invalidations, newest last."""

    def __init__(self) -> None:
        self._kept: deque[Receipt] = deque(maxlen=KEPT_MAX)

    def keep(self, receipt: Receipt) -> None:
        self._kept.append(receipt)

    def latest(self, limit: int) -> list[Receipt]:
        """Newest first."""
        return list(reversed(self._kept))[:limit]
