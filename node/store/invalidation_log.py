"""The log of invalidations. Positions are dense: they are taken under a lock that is held to commit, so no reader can
see a later one while an earlier one is still on its way (reference: invalidation.md P15)."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import as_datetime, as_ms
from shared.messages import Invalidation
from shared.schema import HEAD_LOCK, invalidation_head, invalidation_log


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the other nodes find it. Who meets one that `is_told` to nobody passes over it."""

    event: Invalidation
    is_told: bool


async def lock_head(connection: AsyncConnection) -> None:
    """Waits for and takes the head lock until commit. First statement of every invalidating transaction."""
    await connection.execute(select(func.pg_advisory_xact_lock(HEAD_LOCK)))


async def append(
    connection: AsyncConnection,
    *,
    user_key: str | None,
    epoch: int,
    action: str,
    origin: str,
    is_told: bool,
    now_ms: int,
) -> Invalidation:
    """Writes the entry with the next position and returns it as the message that announces it. Needs the head lock.

    An entry that `is_told` to nobody is a matter of its origin alone, which is older than 9.11.
    """
    position = await connection.scalar(
        update(invalidation_head)
        .values(position=invalidation_head.c.position + 1)
        .returning(invalidation_head.c.position)
    )
    assert position is not None
    event = Invalidation(
        event_id=uuid.uuid4().hex,
        position=position,
        user_key=user_key,
        epoch=epoch,
        action=action,
        origin=origin,
        at_ms=now_ms,
    )
    await connection.execute(
        insert(invalidation_log).values(
            position=position,
            event_id=event.event_id,
            user_key=user_key,
            epoch=epoch,
            action=action,
            origin=origin,
            is_told=is_told,
            at=as_datetime(now_ms),
        )
    )
    return event


async def head(connection: AsyncConnection) -> int:
    """Position of the last committed entry; 0 when there is none."""
    return await connection.scalar(select(invalidation_head.c.position)) or 0


async def latest(connection: AsyncConnection, *, limit: int) -> list[Invalidation]:
    """The last entries, newest first."""
    query = select(invalidation_log).order_by(invalidation_log.c.position.desc()).limit(limit)
    return [_event(row) for row in await connection.execute(query)]


async def latest_of_user(connection: AsyncConnection, user_key: str) -> Invalidation | None:
    """The last entry that names that user, or None."""
    entry = invalidation_log.c
    query = select(invalidation_log).where(entry.user_key == user_key).order_by(entry.position.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _event(row)


async def entries_after(connection: AsyncConnection, position: int, *, limit: int) -> list[Entry]:
    """The entries that follow `position`, in order. When the first one is not the next, the log was trimmed."""
    query = (
        select(invalidation_log)
        .where(invalidation_log.c.position > position)
        .order_by(invalidation_log.c.position)
        .limit(limit)
    )
    return [Entry(_event(row), row.is_told) for row in await connection.execute(query)]


async def trim(connection: AsyncConnection, *, keep: int, head: int) -> None:
    """Forgets all but the last `keep` entries. Who still needs them sets a floor instead of replaying."""
    await connection.execute(sql_delete(invalidation_log).where(invalidation_log.c.position <= head - keep))


def _event(row: Row[Any]) -> Invalidation:
    return Invalidation(
        event_id=row.event_id,
        position=row.position,
        user_key=row.user_key,
        epoch=row.epoch,
        action=row.action,
        origin=row.origin,
        at_ms=as_ms(row.at),
    )
