"""Postgres and Redis (or Valkey) of one run, as containers. Clusters of the run share them; each reaches them over
networks of its own."""

import asyncio
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compose.cluster.databases import ComingDatabases, require_answer
from compose.cluster.docker.container import ContainerPlan, ManagedContainer, join
from compose.cluster.docker.labels import PART
from compose.cluster.docker.networks import Net, Network, Place
from compose.cluster.docker.polling import Polled, says
from compose.cluster.docker.run import Run
from compose.cluster.ports import LOOPBACK, PortReservation
from compose.cluster.processes import Launch, ProcessState
from compose.cluster.spawn import Command
from compose.cluster.stores import Stores
from shared.errors import DcsimError

ADMIN = "dcsim"
POSTGRES_PORT, REDIS_PORT = 5432, 6379
POSTGRES_DATA = "/var/lib/postgresql"
START_LIMIT_S = 60.0
"""A machine that has to make a database and start a dozen containers at once may be slow; real time."""
POSTGRES_OPTIONS = {
    "fsync": "off",  # a commit reaches the kernel before it is acknowledged, and so outlives a kill of the container
    "full_page_writes": "off",
    "max_connections": "400",  # 32 nodes of up to 10 each, and people looking on
    "autovacuum_naptime": "5min",
}


class ContainerStore:
    """One server. `start` starts it on its old port, and Postgres on its old data, after it was stopped or killed."""

    def __init__(self, process: ManagedContainer, launch: Launch, url: str) -> None:
        self.process = process
        self.url = url
        self._launch = launch

    async def make(self) -> None:
        """So that it can be put on networks; nothing runs yet."""
        await self.process.make(self._launch.command)

    async def start(self) -> None:
        await self.process.start(self._launch)

    async def pause(self) -> None:
        """The whole container: every process in it stands still."""
        await self.process.pause()

    async def resume(self) -> None:
        """Nothing happens when it is not paused."""
        if self.process.state is ProcessState.PAUSED:
            await self.process.resume()


@dataclass(frozen=True)
class ContainerStores:
    """`stores` as clusters know them, and what brings them onto a cluster's networks."""

    stores: Stores
    run: Run

    async def join(self, db: Network, bus: Network) -> None:
        """Their addresses there are `db.store` and `bus.store`."""
        engine = self.run.engine
        await asyncio.gather(
            join(engine, self.run.name("postgres"), Place(db, db.store, (f"postgres.{Net.DB}",))),
            join(engine, self.run.name("redis"), Place(bus, bus.store, (f"redis.{Net.BUS}",))),
        )


@asynccontextmanager
async def open_container_stores(run: Run) -> AsyncIterator[ContainerStores]:
    """Both servers for the length of the block. Their containers exist when it begins, and are still starting."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(run.net.directory("stores"))
        network = await run.networks.create(run.name("stores"), internal=False, labels={})
        ports = [stack.enter_context(PortReservation()) for _ in range(2)]
        for port in ports:
            port.hand_over()
        postgres_port, redis_port = (port.port for port in ports)
        password = secrets.token_urlsafe(16)
        url = f"postgresql://{ADMIN}:{password}@{LOOPBACK}:{postgres_port}/postgres"
        postgres = await _postgres(run, network, folder, url, password, postgres_port)
        redis_url = f"redis://:{password}@{LOOPBACK}:{redis_port}/0"
        redis = _redis(run, network, folder, redis_url, password, redis_port)
        await asyncio.gather(postgres.make(), redis.make())
        databases = ComingDatabases(url, asyncio.create_task(postgres.start()))
        redis_starts = asyncio.create_task(redis.start())
        try:
            servers = {"postgres": postgres, "valkey": redis}
            yield ContainerStores(Stores(databases, redis_url, (redis_starts,), servers), run)
        finally:
            redis_starts.cancel()
            await asyncio.gather(asyncio.wait({redis_starts}), databases.give_up())
            await asyncio.gather(postgres.process.close(), redis.process.close())


async def _postgres(run: Run, network: Network, folder: Path, url: str, password: str, port: int) -> ContainerStore:
    volume = run.name("postgres")
    await run.engine.call("make a volume", run.engine.api.create_volume, volume, labels=dict(run.labels))
    plan = _plan(run, network, "postgres", run.images.postgres, {POSTGRES_PORT: port}, {volume: POSTGRES_DATA})
    environment = {
        "POSTGRES_USER": ADMIN,
        "POSTGRES_PASSWORD": password,
        "POSTGRES_INITDB_ARGS": "--no-sync",
    }

    async def answers() -> bool:
        with suppress(DcsimError):
            await require_answer(url)
            return True
        return False

    options = [argument for name, value in POSTGRES_OPTIONS.items() for argument in ("-c", f"{name}={value}")]
    process = ManagedContainer(run, plan, title="Postgres", log=folder / "postgres.log")
    # SIGINT, a fast shutdown: it does not wait for clients, and unlike SIGQUIT it ends with exit code 0.
    command = Command(options, environment, polite=signal.SIGINT)
    return ContainerStore(process, _launch(process, command, Polled(answers)), url)


def _redis(run: Run, network: Network, folder: Path, url: str, password: str, port: int) -> ContainerStore:
    plan = _plan(run, network, "redis", run.images.redis, {REDIS_PORT: port}, {}, tmpfs=("/data",))
    arguments = ("--requirepass", password, "--save", "", "--appendonly", "no", "--maxclients", "1000")
    process = ManagedContainer(run, plan, title="Valkey", log=folder / "redis.log")

    async def answers() -> bool:
        return await says(port, b"PING\r\n", b"+PONG", b"-NOAUTH")

    return ContainerStore(process, _launch(process, Command(arguments), Polled(answers)), url)


def _plan(
    run: Run,
    network: Network,
    part: str,
    image: str,
    published: Mapping[int, int],
    volumes: Mapping[str, str],
    *,
    tmpfs: tuple[str, ...] = (),
) -> ContainerPlan:
    place = Place(network, network.store if part == "postgres" else network.relay, (part,))
    return ContainerPlan(
        run.name(part), image, (place,), published, {PART: part}, volumes=volumes, tmpfs=tmpfs, kept=True
    )


def _launch(process: ManagedContainer, command: Command, readiness: Polled) -> Launch:
    return Launch(
        command, readiness=lambda _log: readiness, start_limit_s=START_LIMIT_S, stop_limit_s=5.0, spawn=process.spawn
    )
