"""The two stores clusters stand on: Postgres and Redis (or Valkey), each ours or the user's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from compose.cluster.postgres import Postgres, own_postgres, users_postgres
from compose.cluster.processes import ManagedProcess, OnExit
from compose.cluster.safety_net import SafetyNet
from compose.cluster.valkey import own_valkey
from shared.errors import DependencyError, OperatorError


@dataclass(frozen=True)
class Stores:
    """Stores that have been asked for; they answer once `ready` has returned.

    `processes` are those that are ours, to be killed and paused: Postgres, Valkey, both or none.
    """

    postgres: Postgres
    redis_url: str
    starting: tuple[Awaitable[None], ...] = ()
    processes: dict[str, ManagedProcess] = field(default_factory=dict)

    async def ready(self) -> None:
        await asyncio.gather(self.postgres.ready(), *(asyncio.shield(start) for start in self.starting))


@asynccontextmanager
async def open_stores(
    net: SafetyNet, *, on_exit: OnExit, postgres_url: str | None = None, redis_url: str | None = None
) -> AsyncIterator[Stores]:
    """Stores for the length of the block. Ours are still starting when it begins; a user's must answer before.

    Raises OperatorError for a URL that is none, DependencyError when nobody answers there.
    """
    async with AsyncExitStack() as stack:
        if redis_url is not None:
            await require_redis(redis_url)
        processes = {}
        postgres: Postgres
        if postgres_url is not None:
            postgres = await stack.enter_async_context(users_postgres(postgres_url))
        else:
            postgres = own = await stack.enter_async_context(own_postgres(net, on_exit=on_exit))
            processes["postgres"] = own.process
        if redis_url is not None:
            yield Stores(postgres, redis_url, processes=processes)
            return
        valkey, starting = await stack.enter_async_context(own_valkey(net, on_exit=on_exit))
        yield Stores(postgres, valkey.url, (starting,), {**processes, "valkey": valkey.process})


async def require_redis(url: str) -> None:
    """Raises OperatorError for a URL that is none, DependencyError when nobody answers a PING there."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise OperatorError("--redis-url cannot be read; expected redis://host:port/0")
    from shared.bus import RedisBus  # only needed here, and a fifth of a second to import

    async with RedisBus.connect(url) as bus:
        try:
            await bus.ping()
        except DependencyError as error:
            raise DependencyError(
                f"{error}; start it, correct --redis-url, or leave the flag out and dcsim brings its own Valkey"
            ) from error
