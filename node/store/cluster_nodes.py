"""The cluster as the database knows it: who joined, in which state, and whose heart beat when (policy ms)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from node.store import replication_queue
from shared.schema import cluster_node_heartbeats, cluster_nodes


@dataclass(frozen=True, slots=True)
class ClusterNode:
    """A row of `clusternode` with its heartbeat. `state` is ACTIVE or OFFLINE; instants are policy ms."""

    node_id: str
    state: str
    state_changed_ms: int
    ip: str
    cache_listener_port: int
    build_number: int
    version: str
    url: str
    heartbeat_ms: int


async def join(connection: AsyncConnection, node: ClusterNode) -> None:
    """Registers the node as it is now, whatever an earlier life of it left behind."""
    values = {
        "node_id": node.node_id,
        "node_state": node.state,
        "timestamp": node.state_changed_ms,
        "ip": node.ip,
        "cache_listener_port": node.cache_listener_port,
        "node_build_number": node.build_number,
        "node_version": node.version,
        "url": node.url,
    }
    await connection.execute(
        insert(cluster_nodes).values(values).on_conflict_do_update(index_elements=["node_id"], set_=values)
    )
    await beat(connection, node.node_id, now_ms=node.heartbeat_ms)


async def beat(connection: AsyncConnection, node_id: str, *, now_ms: int) -> None:
    values = {"node_id": node_id, "heartbeat_time": now_ms}
    await connection.execute(
        insert(cluster_node_heartbeats).values(values).on_conflict_do_update(index_elements=["node_id"], set_=values)
    )


async def set_state(connection: AsyncConnection, node_id: str, state: str, *, now_ms: int) -> None:
    await connection.execute(
        update(cluster_nodes).where(cluster_nodes.c.node_id == node_id).values(node_state=state, timestamp=now_ms)
    )


async def remove(connection: AsyncConnection, node_id: str) -> None:
    """A node that is no member any more keeps no queue, and nobody keeps one for it."""
    await replication_queue.drop_node(connection, node_id)
    await connection.execute(delete(cluster_nodes).where(cluster_nodes.c.node_id == node_id))
    await connection.execute(delete(cluster_node_heartbeats).where(cluster_node_heartbeats.c.node_id == node_id))


async def find(connection: AsyncConnection, node_id: str, *, for_update: bool = False) -> ClusterNode | None:
    """`for_update` locks the node's row until commit."""
    query = _NODES.where(cluster_nodes.c.node_id == node_id)
    query = query.with_for_update(of=cluster_nodes) if for_update else query
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _node_of(row)


async def active_besides(connection: AsyncConnection, node_id: str) -> dict[str, str]:
    """The version of every other node that is ACTIVE, by id, whether its heart beats or not."""
    nodes = cluster_nodes.c
    query = select(nodes.node_id, nodes.node_version).where(nodes.node_state == "ACTIVE", nodes.node_id != node_id)
    return {row.node_id: row.node_version for row in await connection.execute(query.order_by(nodes.node_id))}


async def all_nodes(connection: AsyncConnection) -> list[ClusterNode]:
    return [_node_of(row) for row in await connection.execute(_NODES.order_by(cluster_nodes.c.node_id))]


_NODES = select(cluster_nodes, cluster_node_heartbeats.c.heartbeat_time).join(
    cluster_node_heartbeats, cluster_node_heartbeats.c.node_id == cluster_nodes.c.node_id
)


def _node_of(row: Row[Any]) -> ClusterNode:
    return ClusterNode(
        node_id=row.node_id,
        state=row.node_state,
        state_changed_ms=row.timestamp,
        ip=row.ip,
        cache_listener_port=row.cache_listener_port,
        build_number=row.node_build_number,
        version=row.node_version,
        url=row.url,
        heartbeat_ms=row.heartbeat_time,
    )
