"""Receipts: what became of an invalidation on each node, kept for whoever asks afterwards."""

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum

from shared.log import get_logger
from shared.messages import Invalidation

log = get_logger()

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
    """One invalidation: the message, what each node made of it, how long the call waited for them, and how long the
    transaction before that took, the head lock included (both real)."""

    event: Invalidation
    nodes: tuple[NodeReceipt, ...] = ()
    waited_ms: float = 0.0
    commit_ms: float = 0.0


class Receipts:
    """The latest receipts of this node's own invalidations, and how many there have been of each action."""

    def __init__(self) -> None:
        self._kept: deque[Receipt] = deque(maxlen=KEPT_MAX)
        self.counts: Counter[str] = Counter()

    def keep(self, receipt: Receipt) -> None:
        """Every receipt leaves one line in the log, whatever the delivery."""
        self._kept.append(receipt)
        event = receipt.event
        self.counts[event.action] += 1
        log.info(
            "invalidation complete",
            event_id=event.event_id,
            position=event.position,
            action=event.action,
            user=event.user_key,
            nodes={part.node_id: part.outcome for part in receipt.nodes},
            waited_real_ms=round(receipt.waited_ms, 2),
            commit_real_ms=round(receipt.commit_ms, 2),
        )

    def latest(self, limit: int) -> list[Receipt]:
        """Newest first."""
        return list(reversed(self._kept))[:limit]
