"""The `node_lease` table: one row for each life of a node. Real time stands nowhere in it."""

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from node.invalidation.lease import LeaseRow
from shared.schema import HEAD_LOCK, node_leases


async def lock_head_shared(connection: AsyncConnection) -> None:
    """Until commit nobody can append to the log, so a lease taken here is either seen by the next invalidation or was
    taken on a head that includes the last one."""
    await connection.execute(select(func.pg_advisory_xact_lock_shared(HEAD_LOCK)))


async def join(connection: AsyncConnection, node_id: str, incarnation: str, *, protocol: int) -> None:
    await connection.execute(
        insert(node_leases).values(node_id=node_id, incarnation=incarnation, beats=0, applied=0, protocol=protocol)
    )


async def beat(connection: AsyncConnection, node_id: str, incarnation: str, *, applied: int) -> bool:
    """Renews the lease; False when the row is gone, and then there is no lease to renew."""
    result = await connection.execute(
        update(node_leases)
        .where(node_leases.c.node_id == node_id, node_leases.c.incarnation == incarnation)
        .values(beats=node_leases.c.beats + 1, applied=applied)
    )
    return result.rowcount == 1


async def leave(connection: AsyncConnection, node_id: str, incarnation: str) -> None:
    await connection.execute(
        sql_delete(node_leases).where(node_leases.c.node_id == node_id, node_leases.c.incarnation == incarnation)
    )


async def forget(connection: AsyncConnection, keys: list[tuple[str, str]]) -> None:
    """Removes the rows of lives that are long over."""
    if keys:
        await connection.execute(
            sql_delete(node_leases).where(tuple_(node_leases.c.node_id, node_leases.c.incarnation).in_(keys))
        )


async def all_leases(connection: AsyncConnection) -> list[LeaseRow]:
    rows = await connection.execute(select(node_leases).order_by(node_leases.c.node_id))
    return [LeaseRow(row.node_id, row.incarnation, row.beats, row.applied) for row in rows]


async def other_protocols(connection: AsyncConnection, protocol: int) -> list[str]:
    """Nodes whose lease speaks another version of the protocol."""
    query = select(node_leases.c.node_id).where(node_leases.c.protocol != protocol)
    return list((await connection.execute(query)).scalars())
