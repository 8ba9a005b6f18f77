"""Our end of the keeper: names to it what must not outlive us, and takes the name back when we removed it ourselves.

Everything that starts a process or makes a directory for a cluster does it through one of these.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO

from compose.cluster import keeper
from shared.errors import HarnessError


class SafetyNet:
    """Talks to a running keeper. `marker` belongs into the environment of every process we start."""

    def __init__(self, pipe: IO[str], marker: str) -> None:
        self._pipe = pipe
        self._marker = marker
        self._pids: set[int] = set()

    @property
    def environment(self) -> dict[str, str]:
        """What a child's environment must hold so that the keeper knows it before we have named it."""
        return {keeper.MARKER: self._marker}

    def hold_process(self, pid: int, *, polite: signal.Signals) -> None:
        """Names a child of ours. One that has already ended needs no net."""
        birth = keeper.born_at(pid)
        if birth is not None:
            self._pids.add(pid)
            self._tell("hold", "process", pid, birth, int(polite))

    def release_process(self, pid: int) -> None:
        """Says that a child has ended and been waited for."""
        self._pids.discard(pid)
        self._tell("release", "process", pid)

    def kill_everything(self) -> None:
        """For people in a hurry: SIGKILL to every child; whoever waits for one to end then waits no longer."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @contextmanager
    def directory(self, purpose: str) -> Iterator[Path]:
        """A private temporary directory, removed at the end with all it holds; by the keeper if somebody who is still
        ending writes into it meanwhile."""
        path = Path(tempfile.gettempdir()) / f"dcsim-{purpose}-{secrets.token_hex(6)}"
        self._tell("hold", "tree", str(path))
        path.mkdir(mode=0o700)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            if not path.exists():
                self._tell("release", "tree", str(path))

    def hold_file(self, path: Path) -> None:
        """The keeper also removes the file's directory if that is empty then."""
        self._tell("hold", "file", str(path))

    def release_file(self, path: Path) -> None:
        self._tell("release", "file", str(path))

    def _tell(self, *words: object) -> None:
        try:
            self._pipe.write(json.dumps(words) + "\n")
            self._pipe.flush()
        except (OSError, ValueError) as error:  # ValueError: the net has been taken in, and the keeper ends the rest
            if words[0] == "hold":
                raise HarnessError("the keeper, which cleans up after us, has been killed; start again") from error


@asynccontextmanager
async def spread_safety_net() -> AsyncIterator[SafetyNet]:
    """Starts a keeper; at the end it has nothing left to do and goes."""
    marker = secrets.token_hex(8)
    reading, writing = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", keeper.__file__, marker),
            stdin=reading,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(reading)
    pipe = os.fdopen(writing, "w")
    try:
        yield SafetyNet(pipe, marker)
    finally:
        with suppress(OSError):
            pipe.close()
        await process.wait()
