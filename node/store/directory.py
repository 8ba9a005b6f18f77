"""Reading who users are: the directory that Crowd entries are validated against."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Row, Select, String, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from node.identity import Account
from node.store.engine import is_storable
from shared.clock import as_ms
from shared.schema import groups, memberships, users

GROUPS = (
    select(func.array_agg(memberships.c.group_name))
    .where(memberships.c.user_id == users.c.id)
    .scalar_subquery()
    .label("groups")
)
_ACCOUNT = select(users, GROUPS)


async def by_key(connection: AsyncConnection, user_key: str) -> Account | None:
    """The account with that key, or None when it does not exist (any more)."""
    return await _one(connection, _ACCOUNT.where(users.c.user_key == user_key)) if is_storable(user_key) else None


async def by_name(connection: AsyncConnection, username: str) -> Account | None:
    """The account with that user name, in any letter case."""
    if not is_storable(username):
        return None
    return await _one(connection, _ACCOUNT.where(users.c.lower_user_name == username.lower()))


async def search(connection: AsyncConnection, text: str, *, start: int, limit: int) -> list[Account]:
    """Accounts whose name, display name or e-mail contains the text, by user name."""
    if not is_storable(text):
        return []
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    matches = (
        users.c.lower_user_name.like(pattern)
        | func.lower(users.c.display_name).like(pattern)
        | func.lower(users.c.email_address).like(pattern)
    )
    rows = await connection.execute(
        _ACCOUNT.where(matches).order_by(users.c.lower_user_name).offset(start).limit(limit)
    )
    return [account_of(row) for row in rows]


async def first_accounts(connection: AsyncConnection, *, limit: int, besides: str | None) -> list[Account]:
    """The accounts that came first, at most `limit`, and the one with the key `besides` wherever it stands."""
    first = select(users.c.id).order_by(users.c.id).limit(limit).scalar_subquery()
    wanted = users.c.id.in_(first) | (users.c.user_key == besides)
    return [account_of(row) for row in await connection.execute(_ACCOUNT.where(wanted).order_by(users.c.id))]


async def group_names(connection: AsyncConnection) -> list[str]:
    """Every group, also those nobody is in."""
    return list(await connection.scalars(select(groups.c.group_name)))


async def epochs_of(connection: AsyncConnection, user_keys: Iterable[str]) -> dict[str, int]:
    """Current epochs by user key, in one statement however many; users who are gone are left out."""
    wanted = any_(literal(list(user_keys), ARRAY(String)))
    rows = await connection.execute(select(users.c.user_key, users.c.epoch).where(users.c.user_key == wanted))
    return {row[0]: row[1] for row in rows}


async def names_of(connection: AsyncConnection, user_keys: Iterable[str]) -> dict[str, str]:
    """User names by key; keys of users who do not exist any more are left out."""
    rows = await connection.execute(
        select(users.c.user_key, users.c.user_name).where(users.c.user_key.in_(list(user_keys)))
    )
    return {row.user_key: row.user_name for row in rows}


async def oldest_ms(connection: AsyncConnection) -> int:
    """When the first user was created: the birth of the cluster, policy ms, the same for every node."""
    created = await connection.scalar(select(func.min(users.c.created_date)))
    assert created is not None
    return as_ms(created)


def account_of(row: Row[Any]) -> Account:
    """An account out of a row that has the user's columns and `groups`."""
    return Account(
        user_key=row.user_key,
        username=row.user_name,
        display_name=row.display_name,
        email=row.email_address,
        active=row.active,
        epoch=row.epoch,
        groups=tuple(sorted(row.groups or ())),
    )


async def _one(connection: AsyncConnection, query: Select[Any]) -> Account | None:
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else account_of(row)
