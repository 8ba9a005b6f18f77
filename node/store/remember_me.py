"""The `remembermetoken` table: one row per browser that ticked the box."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete as sql_delete
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from node.identity import Account
from node.store.directory import GROUPS, account_of
from shared.clock import as_datetime, as_ms
from shared.schema import remember_me_tokens, users


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A stored token with its owner, read in one statement: the account's epoch is the one the token lived under.

    `account` is None when the owner no longer exists. `created_ms` is policy time.
    """

    id: int
    secret_hash: str
    created_ms: int
    user_key: str
    account: Account | None


async def load(connection: AsyncConnection, token_id: int) -> TokenRow | None:
    token = remember_me_tokens.c
    query = (
        select(token.id.label("token_id"), token.token, token.created, token.username, users, GROUPS)
        .select_from(remember_me_tokens.outerjoin(users, users.c.user_key == token.username))
        .where(token.id == token_id)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    account = None if row.user_key is None else account_of(row)
    return TokenRow(row.token_id, row.token, as_ms(row.created), row.username, account)


async def create(connection: AsyncConnection, *, user_key: str, secret_hash: str, now_ms: int) -> int:
    """Returns the new row's id."""
    token_id: int | None = await connection.scalar(
        insert(remember_me_tokens)
        .values(created=as_datetime(now_ms), token=secret_hash, username=user_key)
        .returning(remember_me_tokens.c.id)
    )
    assert token_id is not None
    return token_id


async def delete(connection: AsyncConnection, token_id: int) -> None:
    await connection.execute(sql_delete(remember_me_tokens).where(remember_me_tokens.c.id == token_id))


async def delete_of_user(connection: AsyncConnection, user_key: str) -> int:
    """Returns how many browsers lost their token."""
    result = await connection.execute(sql_delete(remember_me_tokens).where(remember_me_tokens.c.username == user_key))
    return result.rowcount


async def delete_all(connection: AsyncConnection) -> int:
    """Every token of everyone; returns how many."""
    return (await connection.execute(sql_delete(remember_me_tokens))).rowcount


async def count_by_user(connection: AsyncConnection, user_keys: Iterable[str]) -> dict[str, int]:
    """Tokens by user key; users without one are left out."""
    owner = remember_me_tokens.c.username
    query = select(owner, func.count()).where(owner.in_(list(user_keys))).group_by(owner)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def count(connection: AsyncConnection, user_key: str | None = None) -> int:
    """Tokens of one user, or of all."""
    query = select(func.count()).select_from(remember_me_tokens)
    if user_key is not None:
        query = query.where(remember_me_tokens.c.username == user_key)
    return await connection.scalar(query) or 0


async def next_to_expire(connection: AsyncConnection, *, max_age_ms: int, now_ms: int) -> tuple[str, int] | None:
    """The owner's name, or key when he is gone, and the creation (policy ms) of the oldest token that is still good."""
    token = remember_me_tokens.c
    query = (
        select(func.coalesce(users.c.user_name, token.username), token.created)
        .select_from(remember_me_tokens.outerjoin(users, users.c.user_key == token.username))
        .where(token.created >= as_datetime(now_ms - max_age_ms))
        .order_by(token.created)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else (row[0], as_ms(row[1]))
