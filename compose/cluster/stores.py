"""The two stores clusters stand on: Postgres and Redis (or Valkey), each ours or the user's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from compose.cluster.postgres import Postgres, own_postgres, users_postgres
from compose.cluster.processes import ManagedProcess, OnExit
from compose.cluster.safety_net import SafetyNet
from compose.cluster.valkey import own_valkey
from shared.errors import DependencyError, OperatorError


class OwnServer(Protocol):
    """A store of ours. `start` starts it on its old port after it was stopped or killed; while it is paused nobody of
    it says a word. `url` has its password."""

    @property
    def process(self) -> ManagedProcess: ...

    @property
    def url(self) -> str: ...

    async def start(self) -> None: ...

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...


@dataclass(frozen=True)
class Stores:
    """Stores that have been asked for; they answer once `ready` has returned.

    `servers` are those that are ours, to be killed, paused and started again: postgres, valkey, both or none.
    """

    postgres: Postgres
    redis_url: str
    starting: tuple[Awaitable[None], ...] = ()
    servers: Mapping[str, OwnServer] = field(default_factory=dict)

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
        servers: dict[str, OwnServer] = {}
        postgres: Postgres
        if postgres_url is not None:
            postgres = await stack.enter_async_context(users_postgres(postgres_url))
        else:
            postgres = own = await stack.enter_async_context(own_postgres(net, on_exit=on_exit))
            servers["postgres"] = own
        if redis_url is not None:
            yield Stores(postgres, redis_url, servers=servers)
            return
        valkey, starting = await stack.enter_async_context(own_valkey(net, on_exit=on_exit))
        servers["valkey"] = valkey
        yield Stores(postgres, valkey.url, (starting,), servers)


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
