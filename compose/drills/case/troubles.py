"""When a node could not be relied on, and why: it was down, paused or drained, or a fault was in force on it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compose.drills.history.history import NEVER_NS, FaultBand, History
from compose.drills.history.records import NodeChange, NodeCondition

_BUS = "redis"
_WORDS = {NodeCondition.DOWN: "was down", NodeCondition.PAUSED: "was paused", NodeCondition.DRAINING: "was drained"}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A stretch of real time in which the balancer had a reason not to use the node. `node` None: any node, since what
    was struck is a store, the balancer, or everybody's routes."""

    node: str | None
    starts_ns: int
    ends_ns: int
    kind: str
    words: str

    def touches(self, from_ns: int, to_ns: int, *, settle_ns: int = 0) -> bool:
        """`settle_ns`: for so long after its end the balancer may still act by it."""
        return self.starts_ns <= to_ns and from_ns <= min(self.ends_ns + settle_ns, NEVER_NS)


class Troubles:
    """Of all nodes, in the order they began."""

    def __init__(self, history: History, nodes: Iterable[str]) -> None:
        self._nodes = tuple(nodes)
        found = [*_of_conditions(history), *self._of_faults(history)]
        self._all = sorted(found, key=lambda trouble: trouble.starts_ns)

    def of(self, node: str, from_ns: int, to_ns: int, *, settle_ns: int = 0, but: str | None = None) -> Trouble | None:
        """The latest one that touches this stretch of time; None when the node was there all the while. `but` is the
        beginning of the kinds that do not count."""
        some = [
            trouble
            for trouble in self._all
            if trouble.node in (node, None)
            and trouble.touches(from_ns, to_ns, settle_ns=settle_ns)
            and not (but is not None and trouble.kind.startswith(but))
        ]
        return some[-1] if some else None

    def _of_faults(self, history: History) -> Iterator[Trouble]:
        for band in history.faults:
            # Whoever hears nothing of the others can be used all the same.
            parts = [part for part in band.target.split(",") if _BUS not in _names(part)]
            if not parts:
                continue
            struck: list[str | None] = [node for node in self._nodes if node in _names(",".join(parts))]
            words = f"{band.kind} on {band.target}"
            for node in struck or [None]:
                yield Trouble(node, band.injecting.real_ns, band.ends_ns, band.kind, words)


def struck_nodes(band: FaultBand, nodes: Iterable[str]) -> list[str]:
    """Those the target names: `node-2`, `balancer->node-2`, `node-2->redis`."""
    named = _names(band.target)
    return [node for node in nodes if node in named]


def _names(target: str) -> frozenset[str]:
    """Of nodes and stores, in `balancer->node-2, node-2->redis`."""
    return frozenset(re.split(r"\s*(?:->|<-|,|\s)\s*", target.strip()))


def _of_conditions(history: History) -> Iterator[Trouble]:
    latest: dict[str, NodeChange] = {}
    for change in history.node_changes:
        before = latest.pop(change.node, None)
        if before is not None and _is_trouble(before):
            yield _trouble(before, change.real_ns)
        latest[change.node] = change
    for change in latest.values():
        if _is_trouble(change):
            yield _trouble(change, NEVER_NS)


def _is_trouble(change: NodeChange) -> bool:
    """A node that is drained softly keeps who is bound to it; only new people have to go elsewhere."""
    return change.condition is not NodeCondition.UP and not change.soft


def _trouble(change: NodeChange, ends_ns: int) -> Trouble:
    cause = f" ({change.cause})" if change.cause else ""
    return Trouble(
        change.node, change.real_ns, ends_ns, change.condition, f"{change.node} {_WORDS[change.condition]}{cause}"
    )
