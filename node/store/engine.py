"""The connection pool, and the one place where database errors become ours."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from shared.errors import DependencyError
from shared.postgres_url import asyncpg_url

CONNECT_TIMEOUT_S = 2.0
COMMAND_TIMEOUT_S = 5.0
POOL_TIMEOUT_S = 5.0
TRANSACTION_LIMIT_S = 5.0
"""Real time a transaction may take from asking for a connection to the commit. What cannot be committed is therefore
refused (503) in bounded time whatever is broken: this, 2 s for closing a connection that says nothing, and 1 s for a
busy loop, as long as the fault lasts. A commit that was sent and never answered may have been carried out."""
UNANSWERED_S = TRANSACTION_LIMIT_S + 3.0
IDLE_IN_TRANSACTION_S = 3.0
"""Real time for which a transaction may say nothing before Postgres ends it. A node that is cut off or stands still in
the middle of one holds its locks, and with the head lock it would hold up every invalidation of the others; they wait
for TRANSACTION_LIMIT_S, so this is less."""


class Database:
    """Hands out transactions. Raises DependencyError whenever Postgres does not answer or refuses to.

    That a value does not fit its column, or breaks a constraint, is no such refusal: to try again would not help.
    Callers see to it beforehand, and so SQLAlchemy's error is left to be the bug it is.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self, *, limit_s: float = TRANSACTION_LIMIT_S) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end of the block and rolled back when it raises or takes too long."""
        try:
            async with asyncio.timeout(limit_s), self._engine.begin() as connection:
                yield connection
        except PoolTimeout as error:
            raise DependencyError(f"no free Postgres connection within {POOL_TIMEOUT_S:g} s") from error
        except DBAPIError as error:
            if _is_answer(error):
                raise
            raise DependencyError(f"Postgres did not answer: {_first_line(error.orig or error)}") from error
        except (OSError, TimeoutError) as error:
            raise DependencyError(f"Postgres cannot be reached: {_first_line(error) or 'it timed out'}") from error


@asynccontextmanager
async def open_database(url: str, *, pool_size: int) -> AsyncIterator[Database]:
    """A pool on that URL; Postgres need not answer yet. Raises OperatorError for a URL that is none."""
    engine = create_async_engine(
        asyncpg_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": {"idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_S * 1000:.0f}"},
        },
    )
    try:
        yield Database(engine)
    finally:
        await engine.dispose()


def is_storable(text: str) -> bool:
    """Postgres cannot hold NUL, and lone surrogates are no text at all. Nothing that is stored has such a name."""
    return "\0" not in text and not any("\ud800" <= ch <= "\udfff" for ch in text)


def _is_answer(error: DBAPIError) -> bool:
    """Has Postgres, or asyncpg in its place, looked at the data and found it wrong? SQLSTATE 22 is for data, 23 for
    constraints."""
    return (getattr(error.orig, "sqlstate", None) or "").startswith(("22", "23"))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
