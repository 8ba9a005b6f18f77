"""How a program we start tells that it is ready: through a pipe we give it, or in its log.

One object serves one start. `wait` returns what the program said about itself, and never returns when the program can
no longer become ready: that it has ended is seen elsewhere.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from shared.errors import HarnessError

LOG_POLL_S = 0.01


class Readiness(Protocol):
    """What a start needs to know about a program's way of being ready."""

    def environment(self) -> dict[str, str]:
        """What the program's environment must hold besides its own."""
        ...

    def inherited(self) -> tuple[int, ...]:
        """File descriptors to pass on."""
        ...

    def spawned(self) -> None:
        """Called once the program runs and has its own copy of what was passed on."""
        ...

    async def wait(self) -> Mapping[str, Any]: ...

    def close(self) -> None:
        """Called at the end of every start, however it went."""
        ...


MakeReadiness = Callable[[Path], Readiness]
"""Makes a readiness for a program whose log is that file."""


class ReadyPipe:
    """Our own programs write one line of JSON to the descriptor in DCSIM_READY_FD (`shared.serving`)."""

    def __init__(self, _log: Path) -> None:
        self._reading, self._writing = os.pipe()
        self._open = {self._reading, self._writing}

    def environment(self) -> dict[str, str]:
        return {"DCSIM_READY_FD": str(self._writing)}

    def inherited(self) -> tuple[int, ...]:
        return (self._writing,)

    def spawned(self) -> None:
        self._close(self._writing)

    async def wait(self) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        pipe = os.fdopen(os.dup(self._reading), "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        try:
            line = await reader.readline()
            if not line.endswith(b"\n"):
                await loop.create_future()
            return _facts(line)
        finally:
            transport.close()

    def close(self) -> None:
        for descriptor in list(self._open):
            self._close(descriptor)

    def _close(self, descriptor: int) -> None:
        self._open.discard(descriptor)
        os.close(descriptor)


class Unaware:
    """What a foreign server has to be given so that it can tell us it is ready: nothing. How it is found out is the
    subclass's `wait`."""

    def environment(self) -> dict[str, str]:
        return {}

    def inherited(self) -> tuple[int, ...]:
        return ()

    def spawned(self) -> None:
        return

    def close(self) -> None:
        return


class LogLine(Unaware):
    """A foreign server that says in its log when it is ready. Lines of an earlier life of it do not count."""

    def __init__(self, log: Path, text: str) -> None:
        self._log = log
        self._text = text.encode()
        self._from = log.stat().st_size if log.exists() else 0

    async def wait(self) -> Mapping[str, Any]:
        while True:
            if self._text in self._log.read_bytes()[self._from :]:
                return {}
            await asyncio.sleep(LOG_POLL_S)


def _facts(line: bytes) -> Mapping[str, Any]:
    try:
        facts = json.loads(line)
    except ValueError:
        facts = None
    if not isinstance(facts, dict):
        raise HarnessError(f"a program said {line!r} when it was ready; one JSON object was expected")
    return facts
