"""What a delivery can say about itself: for the operator's status, the metrics and the cluster page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

WARN_AT = 1_000
ERROR_AT = 100_000
"""Undelivered messages at which Jira's health check warns and fails (reference: jira.md 8.2)."""


class Backlog(StrEnum):
    """How bad it is that so much waits for a node."""

    FINE = "fine"
    WARN = "warn"
    ERROR = "error"


def backlog(undelivered: int) -> Backlog:
    if undelivered >= ERROR_AT:
        return Backlog.ERROR
    return Backlog.WARN if undelivered >= WARN_AT else Backlog.FINE


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    """Where a delivery stands; None is what this kind of delivery has no notion of. Seconds are real.

    `counters` only ever rise; `undelivered` is what waits for each destination node.
    """

    applied: int | None = None
    head: int | None = None
    lease_left_s: float | None = None
    canary_age_s: float | None = None
    counters: Mapping[str, int] = field(default_factory=dict)
    undelivered: Mapping[str, int] = field(default_factory=dict)

    @property
    def lag(self) -> int | None:
        """Positions between what was applied here and the latest this node has heard of."""
        return None if self.applied is None or self.head is None else max(0, self.head - self.applied)
