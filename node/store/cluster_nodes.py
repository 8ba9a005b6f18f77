"""The cluster as the database knows it: who joined, in which state, and whose heart beat when (policy ms)."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

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


async def all_nodes(connection: AsyncConnection) -> list[ClusterNode]:
    query = (
        select(cluster_nodes, cluster_node_heartbeats.c.heartbeat_time)
        .join(cluster_node_heartbeats, cluster_node_heartbeats.c.node_id == cluster_nodes.c.node_id)
        .order_by(cluster_nodes.c.node_id)
    )
    return [
        ClusterNode(
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
        for row in await connection.execute(query)
    ]
