"""Databases on a Postgres server, ours or the user's: each cluster gets one of its own.

Foreign errors become ours here, with the URL's password masked.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from shared.errors import DependencyError, OperatorError

CONNECT_LIMIT_S = 5.0


def masked(url: str) -> str:
    """The URL without its password and options, fit to be shown."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    who = f"{parts.username}:***@" if parts.password else f"{parts.username}@" if parts.username else ""
    return urlunsplit((parts.scheme, who + host, parts.path, "", ""))


def require_postgres_url(url: str) -> str:
    """Raises OperatorError for anything that is not a Postgres URL."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("postgresql", "postgres") and bool(parts.netloc) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise OperatorError("--postgres-url cannot be read; expected postgresql://user:password@host:port/database")
    return url


def url_of_database(url: str, name: str) -> str:
    """The same server and user, another database, with `sslmode` spelled the way the nodes' driver wants it."""
    parts = urlsplit(url)
    options = [("ssl" if key == "sslmode" else key, value) for key, value in parse_qsl(parts.query)]
    return urlunsplit(("postgresql", parts.netloc, f"/{name}", urlencode(options), ""))


async def require_answer(url: str) -> None:
    """Raises OperatorError when the server refuses us, DependencyError when it does not answer."""
    async with _connected(url):
        pass


async def create_database(url: str, name: str) -> None:
    """Errors as in `require_answer`."""
    async with _connected(url) as connection:
        await connection.execute(f'CREATE DATABASE "{name}"')


class ComingDatabases:
    """Databases of a server of ours that is still starting. `url` is where we reach it; `booted` is done when it has
    started."""

    def __init__(self, url: str, booted: asyncio.Task[None]) -> None:
        self.url = url
        self._booted = booted
        self._work = [booted]

    async def create_database(self, name: str) -> str:
        """The URL it will have."""

        async def when_booted() -> None:
            await asyncio.shield(self._booted)
            await create_database(self.url, name)

        self._work.append(asyncio.create_task(when_booted()))
        return url_of_database(self.url, name)

    async def ready(self) -> None:
        """Returns when the server has started and has all of them. Raises what kept it from that."""
        await asyncio.gather(*(asyncio.shield(task) for task in self._work))

    async def give_up(self) -> None:
        """Returns when nobody works on them any more, nor on the start."""
        for task in self._work:
            task.cancel()
        await asyncio.wait(self._work)


async def drop_database(url: str, name: str) -> None:
    """Ends what is still connected to it first. Errors as in `require_answer`."""
    async with _connected(url) as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_LIMIT_S)
        try:
            yield connection
        finally:
            await connection.close()
    except asyncpg.InsufficientPrivilegeError as error:
        raise OperatorError(
            f"Postgres at {masked(url)} refuses: {error}; dcsim works in a database of its own and leaves yours alone, "
            "so its user needs the right to make one (ALTER ROLE ... CREATEDB)"
        ) from error
    except (asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise OperatorError(f"Postgres at {masked(url)} refuses: {error}; check --postgres-url") from error
    except (OSError, TimeoutError) as error:
        raise DependencyError(
            f"Postgres at {masked(url)} does not answer: {error or f'nothing within {CONNECT_LIMIT_S:g} s'}; "
            "start it, correct --postgres-url, or leave the flag out and dcsim brings its own"
        ) from error
