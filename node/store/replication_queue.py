"""The `replication_queue` table: what a node still has to tell each of the others, in the order it happened.

Rows are written under the head lock of the invalidation log, which is held to commit, so the ids of one queue become
visible in their order and whoever deletes up to an id deletes nothing unseen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.schema import replication_queue

_ROW = replication_queue.c


@dataclass(frozen=True, slots=True)
class QueuedRow:
    """One message that a destination has not acknowledged."""

    id: int
    payload: str


async def append(
    connection: AsyncConnection, *, sender: str, destinations: Iterable[str], payload: str, now_ms: int
) -> dict[str, int]:
    """One row for each destination; returns their ids. `now_ms` is policy time, for people to read. Needs the head
    lock."""
    rows = [
        {"sender": sender, "destination": destination, "payload": payload, "created": now_ms}
        for destination in destinations
    ]
    if not rows:
        return {}
    result = await connection.execute(insert(replication_queue).values(rows).returning(_ROW.destination, _ROW.id))
    return {row.destination: row.id for row in result}


async def oldest(connection: AsyncConnection, *, sender: str, destination: str, limit: int) -> list[QueuedRow]:
    query = (
        select(_ROW.id, _ROW.payload)
        .where(_ROW.sender == sender, _ROW.destination == destination)
        .order_by(_ROW.id)
        .limit(limit)
    )
    return [QueuedRow(row.id, row.payload) for row in await connection.execute(query)]


async def delete_through(connection: AsyncConnection, *, sender: str, destination: str, number: int) -> int:
    """Forgets what was acknowledged; returns how many rows that were."""
    result = await connection.execute(
        delete(replication_queue).where(_ROW.sender == sender, _ROW.destination == destination, _ROW.id <= number)
    )
    return result.rowcount


async def undelivered(connection: AsyncConnection, *, sender: str) -> dict[str, int]:
    """How much waits for each destination; those without anything are left out."""
    query = select(_ROW.destination, func.count()).where(_ROW.sender == sender).group_by(_ROW.destination)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def drop_node(connection: AsyncConnection, node_id: str) -> None:
    """Forgets what that node had to tell and what it was to be told."""
    await connection.execute(delete(replication_queue).where((_ROW.sender == node_id) | (_ROW.destination == node_id)))
