"""`dcsim` run as people run it: in a process of its own, watched from outside."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from compose.cluster.keeper import born_at
from tests.support.children import descendants_of
from tests.support.eventually import eventually

PROGRAM = ("-c", "import sys; from compose.cli import main; sys.exit(main())")


class DcsimCommand:
    """A command that runs. `temporary` is the only place where it may leave anything."""

    def __init__(self, process: asyncio.subprocess.Process, temporary: Path) -> None:
        self.process = process
        self.temporary = temporary
        self._seen: dict[int, str | None] = {}

    async def line(self) -> str:
        """The next line it prints."""
        return (await asyncio.wait_for(self.process.stdout.readline(), 60)).decode()

    async def ready(self) -> dict:
        """Waits until it is ready; returns what it printed, which must be a single line of JSON."""
        description = json.loads(await self.line())
        self.note_processes()
        return description

    def note_processes(self) -> dict[int, str]:
        """Remembers every process below it, to ask for later."""
        below = descendants_of(self.process.pid)
        self._seen |= {pid: born_at(pid) for pid in below}
        return below

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def end(self, *, within_s: float = 60) -> tuple[int, str, str]:
        """Its exit code, and what else it has printed to standard output and error."""
        output, errors = await asyncio.wait_for(self.process.communicate(), within_s)
        return self.process.returncode, output.decode(), errors.decode()

    async def nothing_left(self, *, within_s: float) -> None:
        """Fails unless every process it had and every file it made is gone in time."""

        def left() -> list[str]:
            alive = [f"pid {pid}" for pid, born in self._seen.items() if born is not None and born_at(pid) == born]
            return alive + [str(path) for path in self.temporary.iterdir()]

        await eventually(lambda: not left(), within_s=within_s, what=f"nothing left, but there was {left()}")


def reachable_directory() -> Path:
    """A temporary directory that other users can get to, unlike pytest's: one of them may have to run Postgres."""
    temporary = Path(tempfile.mkdtemp(prefix="dcsim-test-"))
    temporary.chmod(0o755)
    return temporary


@asynccontextmanager
async def dcsim(*arguments: str, folder: Path | None = None, **environment: str) -> AsyncIterator[DcsimCommand]:
    """Starts it with a temporary directory of its own; in `folder`, if that is given, as its working directory."""
    temporary = reachable_directory()
    places = {"TMPDIR": str(temporary), "XDG_RUNTIME_DIR": str(temporary)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", *PROGRAM, *arguments),
        cwd=folder,
        env={**os.environ, **places, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    command = DcsimCommand(process, temporary)
    try:
        yield command
    finally:
        if process.returncode is None:
            process.terminate()
            await command.end()
        shutil.rmtree(temporary, ignore_errors=True)
