"""One real Postgres and one real Valkey for the whole test run, and a database for each test."""

import asyncio
import secrets
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from compose.cluster.databases import create_database, drop_database, url_of_database
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.stores import Stores, open_stores
from node.passwords import Passwords
from node.store import schema
from node.store.engine import open_database

SEEDED_AT_MS = 1_772_442_000_000


@dataclass
class TestStores:
    """URLs of the two servers. Tests have event loops of their own; the servers are watched from a thread."""

    __test__ = False

    postgres_url: str
    redis_url: str
    _template: str | None = field(default=None)

    async def fresh_database(self) -> str:
        """A new database with schema and seed users, copied from one that is made the first time."""
        if self._template is None:
            self._template = await self._make_template()
        name = f"test_{secrets.token_hex(6)}"
        await create_database(self.postgres_url, f'{name}" TEMPLATE "{self._template}')
        return url_of_database(self.postgres_url, name)

    async def drop_database(self, url: str) -> None:
        await drop_database(self.postgres_url, url.rpartition("/")[2])

    async def empty_database(self) -> str:
        name = f"test_{secrets.token_hex(6)}"
        await create_database(self.postgres_url, name)
        return url_of_database(self.postgres_url, name)

    async def _make_template(self) -> str:
        url = await self.empty_database()
        passwords = Passwords(memory_kib=8, passes=1)
        async with open_database(url, pool_size=1) as database:
            await schema.prepare(database, now_ms=SEEDED_AT_MS, hash_password=passwords.hash)
        passwords.close()
        return url.rpartition("/")[2]


@contextmanager
def running_stores() -> Iterator[TestStores]:
    """Both servers for the length of the block, ended in order afterwards."""

    async def start() -> tuple[AsyncExitStack, Stores, str]:
        stack = AsyncExitStack()
        net = await stack.enter_async_context(spread_safety_net())
        stores = await stack.enter_async_context(open_stores(net, on_exit=lambda *_: None))
        url = await stores.postgres.create_database("tests")
        await stores.ready()
        return stack, stores, url

    with background_loop() as run:
        stack, stores, url = run(start())
        try:
            yield TestStores(url, stores.redis_url)
        finally:
            run(stack.aclose())


@contextmanager
def background_loop() -> Iterator[Callable[[Coroutine], object]]:
    """An event loop in a thread of its own, for what lives longer than one test; yields what runs coroutines on it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="background loop", daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
