"""Anonymization tasks: what `user/anonymization/progress` reports, from whichever node."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import as_datetime, as_ms
from shared.schema import TASK_LOCK, anonymizations

IN_PROGRESS = "IN_PROGRESS"
COMPLETED = "COMPLETED"
VALIDATION_FAILED = "VALIDATION_FAILED"
GONE = "The executing node went away."


@dataclass(frozen=True, slots=True)
class AnonymizationTask:
    """One anonymization; instants are policy ms."""

    task_id: int
    user_key: str
    username: str
    full_name: str
    executing_node: str
    status: str
    submitted_ms: int
    started_ms: int | None
    finished_ms: int | None
    error: str | None


async def lock(connection: AsyncConnection) -> None:
    """Until commit nobody else starts a task or ends one."""
    await connection.execute(select(func.pg_advisory_xact_lock(TASK_LOCK)))


async def submit(
    connection: AsyncConnection, *, user_key: str, username: str, full_name: str, node_id: str, now_ms: int
) -> int:
    """Returns the new task's id."""
    task_id: int | None = await connection.scalar(
        insert(anonymizations)
        .values(
            user_key=user_key,
            user_name=username,
            full_name=full_name,
            executing_node=node_id,
            status=IN_PROGRESS,
            submitted_time=as_datetime(now_ms),
            start_time=as_datetime(now_ms),
        )
        .returning(anonymizations.c.task_id)
    )
    assert task_id is not None
    return task_id


async def finish(
    connection: AsyncConnection, task_id: int, status: str, *, now_ms: int, error: str | None = None
) -> None:
    await connection.execute(
        update(anonymizations)
        .where(anonymizations.c.task_id == task_id)
        .values(status=status, finish_time=as_datetime(now_ms), errors=error)
    )


async def give_up(connection: AsyncConnection, node_id: str, *, now_ms: int) -> None:
    """Ends what an earlier life of that node was at."""
    await connection.execute(
        update(anonymizations)
        .where(anonymizations.c.executing_node == node_id, anonymizations.c.status == IN_PROGRESS)
        .values(status=VALIDATION_FAILED, finish_time=as_datetime(now_ms), errors=GONE)
    )


async def find(connection: AsyncConnection, task_id: int | None) -> AnonymizationTask | None:
    """The task with that id, or the newest one for None."""
    query = select(anonymizations).order_by(anonymizations.c.task_id.desc()).limit(1)
    if task_id is not None:
        query = query.where(anonymizations.c.task_id == task_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return AnonymizationTask(
        task_id=row.task_id,
        user_key=row.user_key,
        username=row.user_name,
        full_name=row.full_name,
        executing_node=row.executing_node,
        status=row.status,
        submitted_ms=as_ms(row.submitted_time),
        started_ms=row.start_time and as_ms(row.start_time),
        finished_ms=row.finish_time and as_ms(row.finish_time),
        error=row.errors,
    )


async def running(connection: AsyncConnection) -> AnonymizationTask | None:
    """The task that has not finished yet; one at a time in the whole cluster."""
    task_id = await connection.scalar(
        select(anonymizations.c.task_id).where(anonymizations.c.status == IN_PROGRESS).limit(1)
    )
    return None if task_id is None else await find(connection, task_id)
