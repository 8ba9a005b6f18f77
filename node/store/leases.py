"""The `node_lease` table: one row for each life of a node. Real time stands nowhere in it."""

from dataclasses import asdict

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation.lease import LeaseRow
from shared.schema import HEAD_LOCK, node_leases


async def lock_head_shared(connection: AsyncConnection) -> None:
    """Until commit nobody can append to the log, so a lease taken here is either seen by the next invalidation or was
    taken on a head that includes the last one."""
    await connection.execute(select(func.pg_advisory_xact_lock_shared(HEAD_LOCK)))


async def renew(connection: AsyncConnection, row: LeaseRow, *, protocol: int) -> None:
    """Writes our row as it is from now on, be it there or not: it may have been forgotten while we were away, and a
    first one may be there although its writer was never told so."""
    values = {**asdict(row), "protocol": protocol}
    changes = {name: values[name] for name in ("beats", "applied", "lease_ms")}
    written = insert(node_leases).values(values)
    await connection.execute(
        written.on_conflict_do_update(index_elements=[node_leases.c.node_id, node_leases.c.incarnation], set_=changes)
    )


async def leave(connection: AsyncConnection, node_id: str, incarnation: str) -> None:
    await connection.execute(
        sql_delete(node_leases).where(node_leases.c.node_id == node_id, node_leases.c.incarnation == incarnation)
    )


async def forget(connection: AsyncConnection, rows: list[LeaseRow]) -> None:
    """Removes rows of lives that are long over, each only if it still is as given and nobody is renewing it."""
    if not rows:
        return
    columns = node_leases.c.node_id, node_leases.c.incarnation, node_leases.c.beats
    as_they_were = tuple_(*columns).in_([(row.node_id, row.incarnation, row.beats) for row in rows])
    # A row that is locked is being renewed. To wait for it would only be a way to wait for each other.
    dead = select(*columns).where(as_they_were).with_for_update(skip_locked=True)
    await connection.execute(sql_delete(node_leases).where(tuple_(*columns).in_(dead)))


async def all_leases(connection: AsyncConnection) -> list[LeaseRow]:
    rows = await connection.execute(select(node_leases).order_by(node_leases.c.node_id))
    return [LeaseRow(row.node_id, row.incarnation, row.beats, row.applied, row.lease_ms) for row in rows]


async def other_protocols(connection: AsyncConnection, protocol: int) -> list[str]:
    """Nodes whose lease speaks another version of the protocol."""
    query = select(node_leases.c.node_id).where(node_leases.c.protocol != protocol)
    return list((await connection.execute(query)).scalars())
