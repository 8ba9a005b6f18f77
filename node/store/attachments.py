"""Files at issues: every node of the cluster has to see the same."""

from collections.abc import Iterable

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from node.issues.attachments import Attachment, NewFile, Room
from shared.clock import as_datetime, as_ms
from shared.schema import ATTACHMENTS_LOCK, attachment_contents, attachments


async def add(connection: AsyncConnection, issue_id: int, file: NewFile, *, author: str, now_ms: int) -> Attachment:
    """Stores a file. Raises CallerError 507 when there is no room for it.

    Whoever adds waits for the lock until the one before has committed, so that two cannot take the last room.
    """
    await connection.execute(select(func.pg_advisory_xact_lock(ATTACHMENTS_LOCK)))
    (await _room(connection)).check(file)
    values = {
        "issue_id": issue_id,
        "filename": file.filename,
        "mime_type": file.mime_type,
        "file_size": len(file.content),
        "author": author,
        "created": as_datetime(now_ms),
    }
    row = (await connection.execute(insert(attachments).values(values).returning(attachments))).one()
    await connection.execute(insert(attachment_contents).values(id=row.id, content=file.content))
    return _attachment(row)


async def of_issues(connection: AsyncConnection, issue_ids: Iterable[int]) -> dict[int, list[Attachment]]:
    """The files of those issues by issue id, oldest first; issues without files are left out."""
    query = select(attachments).where(attachments.c.issue_id.in_(list(issue_ids))).order_by(attachments.c.id)
    found: dict[int, list[Attachment]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.issue_id, []).append(_attachment(row))
    return found


async def find(connection: AsyncConnection, attachment_id: int) -> Attachment | None:
    """What is told about a file, or None. Whether the viewer may see its issue is the caller's question."""
    row = (await connection.execute(select(attachments).where(attachments.c.id == attachment_id))).one_or_none()
    return None if row is None else _attachment(row)


async def content_of(connection: AsyncConnection, attachment_id: int) -> bytes:
    """The bytes of a file that `find` has found; files are never changed and never deleted."""
    content: bytes | None = await connection.scalar(
        select(attachment_contents.c.content).where(attachment_contents.c.id == attachment_id)
    )
    assert content is not None
    return content


async def _room(connection: AsyncConnection) -> Room:
    row = (
        await connection.execute(
            select(
                func.count().label("files"), func.coalesce(func.sum(attachments.c.file_size), 0).label("bytes")
            ).select_from(attachments)
        )
    ).one()
    return Room(row.files, int(row.bytes))


def _attachment(row: Row[tuple[object, ...]]) -> Attachment:
    return Attachment(
        id=row.id,
        issue_id=row.issue_id,
        filename=row.filename,
        size=row.file_size,
        mime_type=row.mime_type,
        author=row.author,
        created_ms=as_ms(row.created),
    )
