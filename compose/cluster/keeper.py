"""The keeper: a program that outlives dcsim by seconds, so that even `kill -9` leaves nothing behind.

dcsim holds the writing end of the keeper's standard input and names, one JSON array a line, what would have to go:

    ["hold", "process", pid, birth, polite signal]      ["release", "process", pid]
    ["hold", "tree", path]                              ["release", "tree", path]
    ["hold", "file", path]                              ["release", "file", path]

End of file means that dcsim is gone, whichever way. What is still held then is ended and removed: after an orderly
end that is nothing. A process is only touched when its birth still matches, because pids are used again. Processes
that dcsim started but died too early to name are found by the marker in their environment (Linux only).

Runs in a session of its own and ignores the signals a terminal sends. Nothing but the standard library and no package
imports: it is started by path, with `python -I -S`, and must be cheap.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

POLITE_S = 2.0
"""Real seconds between the polite signal and SIGKILL."""
LIMIT_S = 9.0
"""Real seconds after which the keeper gives up on what will not go."""
POLL_S = 0.02
MARKER = "DCSIM_KEPT_BY"
PROC = Path("/proc")


def born_at(pid: int) -> str | None:
    """What tells this process from a later one with the same pid; None when there is none, or only its corpse."""
    if not PROC.is_dir():
        answer = subprocess.run(
            ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        ).stdout.strip()
        return None if not answer or answer.startswith("Z") else answer.partition(" ")[2].strip()
    try:
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if fields[0] in "ZX" else fields[19]


class Held:
    """Everything dcsim has named and not released."""

    def __init__(self) -> None:
        self.processes: dict[int, tuple[str, int]] = {}
        self.trees: set[str] = set()
        self.files: set[str] = set()

    def apply(self, line: str) -> None:
        match json.loads(line):
            case ["hold", "process", pid, birth, polite]:
                self.processes[pid] = (birth, polite)
            case ["release", "process", pid]:
                self.processes.pop(pid, None)
            case ["hold", "tree" | "file" as kind, path]:
                self._paths(kind).add(path)
            case ["release", "tree" | "file" as kind, path]:
                self._paths(kind).discard(path)

    def _paths(self, kind: str) -> set[str]:
        return self.trees if kind == "tree" else self.files

    def living(self) -> dict[int, int]:
        """Polite signal by pid, of every held process that is still the one we held."""
        return {pid: polite for pid, (birth, polite) in self.processes.items() if born_at(pid) == birth}


def marked(marker: str) -> dict[int, int]:
    """Polite signal by pid, of every process whose environment carries the marker. Without /proc: none."""
    needle = f"{MARKER}={marker}".encode()
    found = {}
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (entry / "environ").read_bytes().split(b"\0") and born_at(int(entry.name)):
                found[int(entry.name)] = int(signal.SIGTERM)
    return found


def descendants(pids: Iterable[int]) -> dict[int, str]:
    """Birth by pid of their children, and of theirs. A server may have processes that name nobody in their environment,
    as Postgres has, and a fault may have stopped them so that they do not notice its end."""
    children: dict[int, list[int]] = {}
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, str] = {}
    waiting = list(pids)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            birth = born_at(child)
            if birth is not None and child not in found:
                found[child] = birth
                waiting.append(child)
    return found


def end_all(living: Callable[[], dict[int, int]]) -> None:
    """Polite signal, a little patience, then SIGKILL. A stopped process must be continued to hear the polite one."""
    held = living()
    family = descendants(held)

    def left() -> list[int]:
        return [*living(), *(pid for pid, birth in family.items() if born_at(pid) == birth)]

    for pid, polite in held.items():
        _signal(pid, polite)
    for pid in (*held, *family):
        _signal(pid, signal.SIGCONT)
    if not _eventually(lambda: not left(), within_s=POLITE_S):
        for pid in left():
            _signal(pid, signal.SIGKILL)
        _eventually(lambda: not left(), within_s=POLITE_S)


def remove_all(trees: Iterable[str], files: Iterable[str], *, within_s: float) -> None:
    """Removes files and whole directories; a dying process may still write, so this tries until the limit."""
    import shutil  # most runs end in order and never need it

    for file in files:
        with contextlib.suppress(OSError):
            os.unlink(file)
            os.rmdir(os.path.dirname(file))

    def gone() -> bool:
        for tree in trees:
            shutil.rmtree(tree, ignore_errors=True)
        return not any(os.path.lexists(tree) for tree in trees)

    _eventually(gone, within_s=within_s)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, number)


def _eventually(done: Callable[[], bool], *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def main(marker: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    held = Held()
    for line in sys.stdin:
        held.apply(line)
    ended_at = time.monotonic()
    end_all(lambda: {**marked(marker), **held.living()})
    remove_all(held.trees, held.files, within_s=LIMIT_S - (time.monotonic() - ended_at))


if __name__ == "__main__":
    main(sys.argv[1])
