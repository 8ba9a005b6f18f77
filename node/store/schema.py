"""Creates the tables and the first users, once for the whole cluster, whichever node comes first."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from node.store import server_id, users
from node.store.engine import Database
from shared import schema
from shared.accounts import ADMINISTRATORS, FIRST_ID, SEED_USERS, USERS
from shared.errors import DependencyError

log = structlog.get_logger()

BOOT_PATIENCE_S = 20.0
RETRY_S = 0.05

HashPassword = Callable[[str], Awaitable[str]]


async def prepare(database: Database, *, now_ms: int, hash_password: HashPassword) -> None:
    """Waits (real time) until Postgres answers, then creates what is missing.

    Raises DependencyError when Postgres has not answered within BOOT_PATIENCE_S.
    """
    deadline = time.monotonic() + BOOT_PATIENCE_S
    while True:
        try:
            async with database.transaction(limit_s=BOOT_PATIENCE_S) as connection:
                await _create(connection, now_ms=now_ms, hash_password=hash_password)
            return
        except DependencyError as error:
            if time.monotonic() > deadline:
                raise
            log.debug("waiting for Postgres", error=str(error))
            await asyncio.sleep(RETRY_S)


async def _create(connection: AsyncConnection, *, now_ms: int, hash_password: HashPassword) -> None:
    await connection.execute(select(func.pg_advisory_xact_lock(schema.SCHEMA_LOCK)))
    await connection.run_sync(schema.metadata.create_all)
    await server_id.create_if_missing(connection)
    seeded = await connection.scalar(select(schema.invalidation_head.c.position))
    if seeded is not None:
        return
    await connection.execute(insert(schema.invalidation_head).values(only_row=True, position=0))
    await connection.execute(insert(schema.groups), [{"group_name": name} for name in (ADMINISTRATORS, USERS)])
    # A first attempt that was rolled back has used up numbers; SEED_KEYS counts on them.
    await connection.execute(select(func.setval(func.pg_get_serial_sequence(schema.users.name, "id"), FIRST_ID, False)))
    for person in SEED_USERS:
        await users.create(
            connection,
            username=person.username,
            display_name=person.display_name,
            email=person.email,
            credential=await hash_password(person.password),
            groups=person.groups,
            now_ms=now_ms,
        )
