"""One child process that can be started, stopped, killed, paused, resumed and started again, and a word for its state.

    DOWN ──start──> STARTING ──ready──> UP ──pause──> PAUSED
     ^                 │               ^ │               │ │
     │                 │               └─│────resume─────┘ │
     └─────────────────┴──── exit ───────┴─────────────────┘      through STOPPING when we asked for the end

A `ManagedProcess` owns its child by handle, notices when it ends unasked, and keeps its log over restarts. How a
program is started and ended is a `Launch`; the programs we have are in `programs.py`, `postgres.py` and `valkey.py`.
All limits are real time.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from compose.cluster.children import kernel_state
from compose.cluster.log_tail import last_words
from compose.cluster.readiness import MakeReadiness, Readiness
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spawn import Child, Command, Spawn, spawn
from shared.errors import HarnessError, OperatorError

KILL_LIMIT_S = 5.0
"""A process that has got SIGKILL is gone within this, or the machine is in trouble."""


class ProcessState(StrEnum):
    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    PAUSED = "paused"
    STOPPING = "stopping"


_NEXT = {
    ProcessState.DOWN: {ProcessState.STARTING},
    ProcessState.STARTING: {ProcessState.UP, ProcessState.STOPPING, ProcessState.DOWN},
    ProcessState.UP: {ProcessState.PAUSED, ProcessState.STOPPING, ProcessState.DOWN},
    ProcessState.PAUSED: {ProcessState.UP, ProcessState.STOPPING, ProcessState.DOWN},
    ProcessState.STOPPING: {ProcessState.STOPPING, ProcessState.DOWN},
}


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start a program, how it tells that it is ready, and how long it may take to start and to end."""

    command: Command
    readiness: MakeReadiness
    start_limit_s: float = 30.0
    stop_limit_s: float = 15.0
    spawn: Spawn = spawn


@dataclass(frozen=True, slots=True)
class UnexpectedExit:
    """A process ended and nobody here had asked it to. `exit_code` is negative for a signal, as in subprocess."""

    name: str
    exit_code: int
    last_words: str

    def __str__(self) -> str:
        return f"{self.name} {how_it_ended(self.exit_code)}{self.last_words}"


OnExit = Callable[[UnexpectedExit], None]


class ManagedProcess:
    """See the module. `on_exit` is told of every end that nobody asked for, once the process had been ready."""

    def __init__(self, name: str, *, log: Path, net: SafetyNet, on_exit: OnExit) -> None:
        self.name = name
        self.log = log
        self.exit_code: int | None = None
        self._net = net
        self._on_exit = on_exit
        self._state = ProcessState.DOWN
        self._process: Child | None = None
        self._exit: asyncio.Task[int] | None = None
        self._launch: Launch | None = None

    @property
    def state(self) -> ProcessState:
        return self._state

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def whereabouts(self) -> str:
        """Where people find it with the tools of their system."""
        return f"pid {self.pid}"

    @property
    def crash_command(self) -> str:
        """What people type to kill it."""
        return f"kill -9 {self.pid}"

    async def start(self, launch: Launch) -> Mapping[str, Any]:
        """Returns what the program said about itself when it was ready.

        Raises HarnessError, with the program's last words, when it ends before that or is not ready within
        `launch.start_limit_s`; nothing of it runs then.
        """
        self._require("start", ProcessState.DOWN)
        readiness = launch.readiness(self.log)
        try:
            await self._run(launch, readiness)
            return await self._until_ready(launch, readiness)
        except BaseException:
            self.kill_now()
            await self.ended()
            raise
        finally:
            readiness.close()

    async def stop(self) -> int:
        """Asks politely, and kills when that takes longer than the launch allows. Returns the exit code."""
        self._require("stop", ProcessState.STARTING, ProcessState.UP, ProcessState.PAUSED)
        assert self._launch is not None
        assert self._exit is not None
        self._enter(ProcessState.STOPPING)
        self._signal(self._launch.command.polite)
        self._signal(signal.SIGCONT)
        await asyncio.wait({self._exit}, timeout=self._launch.stop_limit_s)
        self.kill_now()
        return await self.ended()

    async def kill(self) -> int:
        """SIGKILL: a crash, as the others see it. Returns the exit code once the process is gone."""
        self._require("kill", ProcessState.STARTING, ProcessState.UP, ProcessState.PAUSED)
        self.kill_now()
        return await self.ended()

    def kill_now(self) -> None:
        """SIGKILL without waiting; nothing happens when the process is not there."""
        if self._process is not None:
            self._enter(ProcessState.STOPPING)
            self._signal(signal.SIGKILL)

    async def pause(self) -> None:
        """SIGSTOP: a hang. The kernel goes on accepting connections. Returns once the process stands still."""
        self._require("pause", ProcessState.UP)
        await self._stand_still()
        self._enter(ProcessState.PAUSED)

    async def resume(self) -> None:
        """SIGCONT: the process wakes with everything it believed when it was paused."""
        self._require("resume", ProcessState.PAUSED)
        await self._go_on()
        self._enter(ProcessState.UP)

    async def close(self) -> None:
        """Stops the process if it is there, whatever state it is in."""
        if self._state is ProcessState.STOPPING:
            assert self._launch is not None
            await self.ended(within_s=self._launch.stop_limit_s + KILL_LIMIT_S)
        elif self._state is not ProcessState.DOWN:
            await self.stop()

    async def ended(self, *, within_s: float = KILL_LIMIT_S) -> int:
        """Waits for the end of a process that is ending. Returns its exit code, 0 when it never ran."""
        if self._exit is None:
            return 0
        await asyncio.wait({self._exit}, timeout=within_s)
        if not self._exit.done():
            raise HarnessError(f"{self.name} (pid {self.pid}) is still there {within_s:g} s after it was told to end")
        assert self._state is ProcessState.DOWN
        return self._exit.result()

    async def _run(self, launch: Launch, readiness: Readiness) -> None:
        process = await launch.spawn(
            launch.command,
            name=self.name,
            log=self.log,
            net=self._net,
            environment=readiness.environment(),
            pass_fds=readiness.inherited(),
        )
        readiness.spawned()
        self._enter(ProcessState.STARTING)
        self._process, self._launch, self.exit_code = process, launch, None
        self._exit = asyncio.create_task(self._watch(process), name=f"end of {self.name}")

    async def _until_ready(self, launch: Launch, readiness: Readiness) -> Mapping[str, Any]:
        assert self._exit is not None
        said = asyncio.create_task(readiness.wait())
        try:
            await asyncio.wait({said, self._exit}, timeout=launch.start_limit_s, return_when=asyncio.FIRST_COMPLETED)
            if self._exit.done():
                how = how_it_ended(self._exit.result())
                raise HarnessError(f"{self.name} {how} before it was ready{last_words(self.log)}")
            if not said.done():
                limit = f"{launch.start_limit_s:g} s"
                raise HarnessError(f"{self.name} was not ready within {limit}{last_words(self.log)}")
            self._enter(ProcessState.UP)
            return said.result()
        finally:
            said.cancel()

    async def _watch(self, process: Child) -> int:
        """Lives as long as the process does, and is the only one to note its end."""
        code = await process.wait()
        self._net.release_process(process.pid)
        was, self.exit_code, self._process = self._state, code, None
        self._enter(ProcessState.DOWN)
        if was in (ProcessState.UP, ProcessState.PAUSED):
            killed = code in (-signal.SIGKILL, -signal.SIGTERM)  # by somebody else: nothing in its log says why
            self._on_exit(UnexpectedExit(self.name, code, "" if killed else last_words(self.log)))
        return code

    async def stands_still(self) -> str | None:
        """How it shows from outside that it does, in words; None when it does not."""
        state = kernel_state(self.pid)
        return f"kernel state {state or 'not known'}" if state in (None, "T") else None

    async def _stand_still(self) -> None:
        await self._confirmed(signal.SIGSTOP, "WSTOPPED")

    async def _go_on(self) -> None:
        await self._confirmed(signal.SIGCONT, "WCONTINUED")

    async def _confirmed(self, number: signal.Signals, change: str) -> None:
        """Signals, and waits until the kernel reports the change where it can (`waitid` is not on every system)."""
        assert self._process is not None
        self._signal(number)
        if not hasattr(os, "waitid"):
            return
        try:
            await asyncio.to_thread(os.waitid, os.P_PID, self._process.pid, getattr(os, change))
        except ChildProcessError as error:
            raise HarnessError(f"{self.name} ended instead of taking {number.name}{last_words(self.log)}") from error

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    def _require(self, verb: str, *states: ProcessState) -> None:
        if self._state not in states:
            raise OperatorError(f"cannot {verb} {self.name}: it is {self._state}")

    def _enter(self, state: ProcessState) -> None:
        assert state in _NEXT[self._state], f"{self.name}: {self._state} -> {state}"
        self._state = state


def how_it_ended(exit_code: int) -> str:
    """An exit code in words."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    return f"was ended by {signal.Signals(-exit_code).name}"
