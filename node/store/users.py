"""Changing users. Whoever voids what was issued to them does so through `raise_epoch`, in the same transaction."""

import secrets
from collections.abc import Iterable

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import as_datetime
from shared.schema import NAMES_LOCK, login_counters, memberships, users


async def create(
    connection: AsyncConnection,
    *,
    username: str,
    display_name: str,
    email: str,
    credential: str,
    groups: Iterable[str],
    now_ms: int,
) -> str:
    """Adds a user and returns the new key, JIRAUSER<id> as Jira builds it. The name must be free."""
    user_id = await connection.scalar(
        insert(users)
        .values(
            user_key=f"new:{secrets.token_hex(8)}",
            user_name=username,
            lower_user_name=username.lower(),
            display_name=display_name,
            email_address=email,
            active=True,
            credential=credential,
            epoch=0,
            created_date=as_datetime(now_ms),
        )
        .returning(users.c.id)
    )
    user_key = f"JIRAUSER{user_id}"
    await connection.execute(update(users).where(users.c.id == user_id).values(user_key=user_key))
    await connection.execute(insert(login_counters).values(user_id=user_id))
    await connection.execute(insert(memberships), [{"user_id": user_id, "group_name": name} for name in groups])
    return user_key


async def lock_names(connection: AsyncConnection) -> None:
    """Until commit nobody else creates or renames a user, so a name found free stays free."""
    await connection.execute(select(func.pg_advisory_xact_lock(NAMES_LOCK)))


async def set_credential(connection: AsyncConnection, user_key: str, credential: str) -> None:
    await connection.execute(update(users).where(users.c.user_key == user_key).values(credential=credential))


async def update_profile(
    connection: AsyncConnection,
    user_key: str,
    *,
    username: str | None = None,
    display_name: str | None = None,
    email: str | None = None,
    active: bool | None = None,
) -> None:
    """Writes what is given and leaves the rest alone."""
    names = {} if username is None else {"user_name": username, "lower_user_name": username.lower()}
    given = {"display_name": display_name, "email_address": email, "active": active}
    values = names | {column: value for column, value in given.items() if value is not None}
    if values:
        await connection.execute(update(users).where(users.c.user_key == user_key).values(**values))


async def delete(connection: AsyncConnection, user_key: str) -> None:
    await connection.execute(sql_delete(users).where(users.c.user_key == user_key))


async def raise_all_epochs(connection: AsyncConnection) -> None:
    """Every user's epoch, in one statement. Locks all rows until commit."""
    await connection.execute(update(users).values(epoch=users.c.epoch + 1))


async def raise_epoch(connection: AsyncConnection, user_key: str) -> int | None:
    """The user's new epoch, or None when the user does not exist. Locks the user's row until commit."""
    epoch: int | None = await connection.scalar(
        update(users).where(users.c.user_key == user_key).values(epoch=users.c.epoch + 1).returning(users.c.epoch)
    )
    return epoch
