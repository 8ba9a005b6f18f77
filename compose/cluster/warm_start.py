"""Our end of the nursery: starts programs from a warm interpreter, as children of ours like any other."""

import asyncio
import ctypes
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from compose.cluster.log_tail import last_words
from compose.cluster.nursery import REQUEST_MAX
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Command, spawn
from shared.errors import HarnessError

PR_SET_CHILD_SUBREAPER = 36


class WarmChild:
    """A process that was born in the nursery and is a child of ours; the part of asyncio's Process that we use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._pidfd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    async def wait(self) -> int:
        """The exit code, negative for a signal."""
        return await asyncio.shield(self._ended)

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _reap(self) -> None:
        _, status = os.waitpid(self.pid, 0)
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        self.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set_result(self.returncode)


class Nursery:
    """Asks the nursery for children. One request at a time; the first one waits until its imports are done."""

    def __init__(self, connection: socket.socket, *, log: Path = Path(os.devnull)) -> None:
        self.connection = connection
        self._log = log
        self._turn = asyncio.Lock()

    async def spawn(
        self,
        command: Command,
        *,
        name: str,
        log: Path,
        net: SafetyNet,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> WarmChild:
        """As `spawn.spawn`, for a command that is `python -m module`. Raises HarnessError when the nursery is gone."""
        request_id = secrets.token_hex(8)
        request = {
            "id": request_id,
            "module": command.arguments[-1],
            "name": name,
            "environment": {**command.environment, **(environment or {}), **net.environment},
            "cwd": str(command.cwd),
            "descriptors": list(pass_fds),
        }
        async with self._turn:
            with log.open("ab") as output:
                self._send(request, [output.fileno(), *pass_fds], name)
                pid = await self._pid_for(request_id, name)
        net.hold_process(pid, polite=command.polite)
        return WarmChild(pid)

    def _send(self, request: Mapping[str, object], descriptors: list[int], name: str) -> None:
        """Does not wait, so that a start that is given up cannot close the descriptors under it."""
        try:
            socket.send_fds(self.connection, [json.dumps(request).encode()], descriptors)
        except OSError as error:
            raise self._gone(name) from error

    async def _pid_for(self, request_id: str, name: str) -> int:
        """A child whose start was given up before it was born answers a request that nobody waits for: it has to go."""
        while True:
            try:
                answer = await asyncio.get_running_loop().sock_recv(self.connection, REQUEST_MAX)
            except OSError:
                answer = b""
            if not answer:
                raise self._gone(name)
            born = json.loads(answer)
            if born["id"] == request_id:
                return int(born["pid"])
            WarmChild(born["pid"]).kill()

    def _gone(self, name: str) -> HarnessError:
        return HarnessError(f"{name} cannot be started: the warm interpreter takes no requests{last_words(self._log)}")


@asynccontextmanager
async def open_nursery(net: SafetyNet, *modules: str) -> AsyncIterator[Nursery | None]:
    """A nursery that is importing `modules` for the length of the block; None where the system cannot have one."""
    if sys.platform != "linux":
        yield None
        return
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, net.directory("nursery") as directory:
        log = directory / "log"
        with theirs:
            arguments = (sys.executable, "-P", "-m", "compose.cluster.nursery", str(theirs.fileno()), *modules)
            surroundings = {name: value for name, value in os.environ.items() if not name.startswith("DCSIM_")}
            process = await spawn(
                Command(arguments, surroundings),
                name="nursery",
                log=log,
                net=net,
                pass_fds=(theirs.fileno(),),
            )
        ours.setblocking(False)
        try:
            yield Nursery(ours, log=log)
        finally:
            ours.close()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            net.release_process(process.pid)
