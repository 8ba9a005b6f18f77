"""Which nodes count as alive, and what becomes of those that do not (reference: jira.md 8.1).

Durations are policy ms. No I/O: `membership` reads the rows and carries out what is decided here.
"""

from enum import Enum, auto

from node.store.cluster_nodes import ClusterNode

ACTIVE = "ACTIVE"
OFFLINE = "OFFLINE"
NO_HEARTBEAT_MS = 5 * 60_000
"""Without a heartbeat for this long a node is not alive, though REST still calls it ACTIVE."""
LOST_MS = 2 * 24 * 3_600_000
"""After this long without a heartbeat a node is OFFLINE, and after as long again it is removed."""


class Fate(Enum):
    """What the others do about a node."""

    STAYS = auto()
    GOES_OFFLINE = auto()
    IS_REMOVED = auto()


def is_alive(node: ClusterNode, *, now_ms: int) -> bool:
    return node.state == ACTIVE and now_ms - node.heartbeat_ms < NO_HEARTBEAT_MS


def fate(node: ClusterNode, *, now_ms: int, removes: bool) -> Fate:
    """`removes` is whether this version takes OFFLINE nodes out of the table, which came with 8.10."""
    if node.state == ACTIVE and now_ms - node.heartbeat_ms >= LOST_MS:
        return Fate.GOES_OFFLINE
    if removes and node.state == OFFLINE and now_ms - node.state_changed_ms >= LOST_MS:
        return Fate.IS_REMOVED
    return Fate.STAYS
