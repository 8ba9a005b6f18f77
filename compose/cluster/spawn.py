"""Starting a child so that it cannot outlive us, and running one to its end."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from compose.cluster.children import living_members
from compose.cluster.log_tail import last_words
from compose.cluster.safety_net import SafetyNet
from shared.errors import HarnessError

FAMILY_LIMIT_S = 5.0
"""Real seconds within which what has got SIGKILL is gone, or nobody waits for it any longer."""
FAMILY_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute and in which surroundings. `user` is the system user to run as; default ours."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    stdin: bytes = b""
    user: str | None = None
    polite: signal.Signals = signal.SIGTERM


class Child(Protocol):
    """What we need of a process that was started: asyncio's Process has it, and so has a child of the nursery."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, number: int, /) -> None: ...
    def kill(self) -> None: ...


class Spawn(Protocol):
    """A way to start a child; `spawn` is the plain one."""

    async def __call__(
        self,
        command: Command,
        *,
        name: str,
        log: Path,
        net: SafetyNet,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
    ) -> Child: ...


async def spawn(
    command: Command,
    *,
    name: str,
    log: Path,
    net: SafetyNet,
    environment: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> asyncio.subprocess.Process:
    """A child in a session of its own, so that Ctrl-C reaches only us; what it prints is appended to `log`.

    Raises HarnessError when it cannot be executed.
    """
    with log.open("ab") as output:
        try:
            process = await asyncio.create_subprocess_exec(
                *command.arguments,
                env={**command.environment, **(environment or {}), **net.environment},
                cwd=command.cwd,
                stdin=asyncio.subprocess.PIPE if command.stdin else asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=pass_fds,
                start_new_session=True,
                user=command.user,
                group=command.user,
                extra_groups=None if command.user is None else (),
            )
        except OSError as error:
            raise HarnessError(f"{name} cannot be started: {error}") from error
    net.hold_process(process.pid, polite=command.polite)
    if process.stdin is not None:
        process.stdin.write(command.stdin)
        process.stdin.close()
    return process


async def run_to_end(command: Command, *, name: str, log: Path, net: SafetyNet) -> None:
    """Raises HarnessError, with its last words, unless it ends with 0. A cancelled one is killed, and so is what it has
    started itself: nothing of it writes any more when this returns."""
    process = await spawn(command, name=name, log=log, net=net)
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            await _kill_family(process)
        net.release_process(process.pid)
    if code != 0:
        raise HarnessError(f"{name} ended with exit code {code}{last_words(log)}")


async def _kill_family(process: asyncio.subprocess.Process) -> None:
    """Its children are in its process group, which `spawn` has made. They are not ours to wait for, so we look."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(FAMILY_LIMIT_S):
            while True:
                if not living_members(process.pid):
                    return
                await asyncio.sleep(FAMILY_POLL_S)
