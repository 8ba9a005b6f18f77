"""Which node a client without a binding gets. Pure; ties go to the node that stands first in the configuration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.settings import Placement


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that may take new clients. `weight` is above 0 and at most 1; below 1 while it starts slowly."""

    node_id: str
    weight: float
    sessions: int
    restarts: int


class Placer(Protocol):
    """Chooses among at least one candidate."""

    def __call__(self, candidates: Sequence[Candidate]) -> str: ...


class RoundRobin:
    """Smooth weighted round robin, as nginx does it: each node gets its share, never in bursts."""

    def __init__(self) -> None:
        self._credit: dict[str, float] = {}

    def __call__(self, candidates: Sequence[Candidate]) -> str:
        credit = {one.node_id: self._credit.get(one.node_id, 0.0) + one.weight for one in candidates}
        chosen = max(credit, key=lambda node_id: credit[node_id])
        credit[chosen] -= sum(one.weight for one in candidates)
        self._credit = credit
        return chosen


class LeastSessions:
    """The node with the fewest bound clients for its weight; among equals, in turn."""

    def __init__(self) -> None:
        self._in_turn = RoundRobin()

    def __call__(self, candidates: Sequence[Candidate]) -> str:
        fewest = min((one.sessions + 1) / one.weight for one in candidates)
        return self._in_turn([one for one in candidates if (one.sessions + 1) / one.weight == fewest])


class PreferRestarted:
    """The nodes restarted most often since this balancer started, or that joined since, then least sessions.

    Made for rolling restarts: who must move lands on a node that has its restart behind it and is not moved twice.
    """

    def __init__(self) -> None:
        self._least = LeastSessions()

    def __call__(self, candidates: Sequence[Candidate]) -> str:
        most = max(one.restarts for one in candidates)
        return self._least([one for one in candidates if one.restarts == most])


PLACERS: dict[Placement, Callable[[], Placer]] = {
    Placement.ROUND_ROBIN: RoundRobin,
    Placement.LEAST_SESSIONS: LeastSessions,
    Placement.PREFER_RESTARTED: PreferRestarted,
}
