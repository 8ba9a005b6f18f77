"""The nodes of the cluster as pages show them."""

from dataclasses import dataclass

from node.cluster import ACTIVE, is_alive
from node.store.cluster_nodes import ClusterNode

NO_HEARTBEAT = "NO HEARTBEAT"
"""What pages call a node that is ACTIVE and not alive; REST says `alive: false` (reference: jira.md 8.1)."""


@dataclass(frozen=True, slots=True)
class NodeRow:
    """One node; `shown` is ACTIVE, NO HEARTBEAT or OFFLINE, `silent_s` policy seconds since its last heartbeat."""

    node_id: str
    version: str
    shown: str
    alive: bool
    silent_s: int
    heartbeat_ms: int
    state_changed_ms: int
    address: str


def node_row(node: ClusterNode, *, now_ms: int) -> NodeRow:
    alive = is_alive(node, now_ms=now_ms)
    return NodeRow(
        node_id=node.node_id,
        version=node.version,
        shown=NO_HEARTBEAT if node.state == ACTIVE and not alive else node.state,
        alive=alive,
        silent_s=max(0, now_ms - node.heartbeat_ms) // 1000,
        heartbeat_ms=node.heartbeat_ms,
        state_changed_ms=node.state_changed_ms,
        address=node.url,
    )
