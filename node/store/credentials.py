"""What a password login reads and writes: the hash, and the login counters."""

from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from node.identity import Account
from node.store.directory import GROUPS, account_of
from node.store.engine import is_storable
from shared.clock import as_datetime, as_ms
from shared.schema import login_counters, users


@dataclass(frozen=True, slots=True)
class LoginCounters:
    """A user's login history. Instants are policy ms; None means never."""

    login_count: int = 0
    failed_login_count: int = 0
    current_failed_login_count: int = 0
    last_login_ms: int | None = None
    previous_login_ms: int | None = None
    last_failed_login_ms: int | None = None

    def with_this_login(self) -> "LoginCounters":
        """The same, one good login later."""
        return replace(self, login_count=self.login_count + 1, current_failed_login_count=0)


NEVER_LOGGED_IN = LoginCounters()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Password hash and account, read in one statement: the account's epoch is the one the hash belongs to."""

    user_id: int
    account: Account
    credential: str
    counters: LoginCounters


_CREDENTIALS = select(users, GROUPS, login_counters).join(login_counters, login_counters.c.user_id == users.c.id)


async def load(connection: AsyncConnection, username: str) -> Credentials | None:
    """None for a user name nobody has."""
    if not is_storable(username):
        return None
    return await _one(connection, users.c.lower_user_name == username.lower())


async def of_key(connection: AsyncConnection, user_key: str) -> Credentials | None:
    """Of somebody who is logged in already: his session may know a name that is another person's by now. None when he
    does not exist any more."""
    return await _one(connection, users.c.user_key == user_key)


async def counters_of(connection: AsyncConnection, user_key: str) -> LoginCounters:
    """The login history of a user; of one who does not exist (any more) it is empty."""
    found = await of_key(connection, user_key)
    return NEVER_LOGGED_IN if found is None else found.counters


async def count_failing(connection: AsyncConnection, *, at_least: int, username: str | None = None) -> int:
    """Users, or one of them, whose logins failed so often since the last good one."""
    query = (
        select(func.count())
        .select_from(users.join(login_counters, login_counters.c.user_id == users.c.id))
        .where(login_counters.c.current_failed_login_count >= at_least)
    )
    if username is not None:
        query = query.where(users.c.lower_user_name == username.lower())
    return await connection.scalar(query) or 0


async def is_current(connection: AsyncConnection, credentials: Credentials) -> bool:
    """Is the user's epoch still the one read with the hash? Locks the user's row until commit, so that no token can
    be born between an invalidation and its commit."""
    epoch = await connection.scalar(select(users.c.epoch).where(users.c.id == credentials.user_id).with_for_update())
    return epoch == credentials.account.epoch


async def record_success(connection: AsyncConnection, user_key: str, *, now_ms: int) -> None:
    await connection.execute(
        update(login_counters)
        .where(_of_user(user_key))
        .values(
            login_count=login_counters.c.login_count + 1,
            current_failed_login_count=0,
            previous_login=login_counters.c.last_login,
            last_login=as_datetime(now_ms),
        )
    )


async def failures_of(connection: AsyncConnection, user_id: int) -> int:
    """How often in a row his logins have failed by now. Locks the counters until commit, so that a good login is
    counted before or after a bad one and not between its reading and its writing."""
    counted = select(login_counters.c.current_failed_login_count).where(login_counters.c.user_id == user_id)
    return await connection.scalar(counted.with_for_update()) or 0


async def record_failure(connection: AsyncConnection, user_key: str, *, now_ms: int) -> int:
    """How often in a row his logins have failed, with this one."""
    failures = await connection.scalar(
        update(login_counters)
        .where(_of_user(user_key))
        .values(
            failed_login_count=login_counters.c.failed_login_count + 1,
            current_failed_login_count=login_counters.c.current_failed_login_count + 1,
            last_failed_login=as_datetime(now_ms),
        )
        .returning(login_counters.c.current_failed_login_count)
    )
    return failures or 0


async def forgive_failures(connection: AsyncConnection, user_key: str) -> None:
    """A changed password or a solved CAPTCHA lifts the block."""
    await connection.execute(update(login_counters).where(_of_user(user_key)).values(current_failed_login_count=0))


async def _one(connection: AsyncConnection, condition: ColumnElement[bool]) -> Credentials | None:
    row = (await connection.execute(_CREDENTIALS.where(condition))).one_or_none()
    if row is None:
        return None
    counters = LoginCounters(
        login_count=row.login_count,
        failed_login_count=row.failed_login_count,
        current_failed_login_count=row.current_failed_login_count,
        last_login_ms=row.last_login and as_ms(row.last_login),
        previous_login_ms=row.previous_login and as_ms(row.previous_login),
        last_failed_login_ms=row.last_failed_login and as_ms(row.last_failed_login),
    )
    return Credentials(row.id, account_of(row), row.credential, counters)


def _of_user(user_key: str) -> ColumnElement[bool]:
    return login_counters.c.user_id == select(users.c.id).where(users.c.user_key == user_key).scalar_subquery()
