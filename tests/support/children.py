"""Looking at processes from outside, through /proc."""

import os
from pathlib import Path


def children_of(parent: int) -> dict[int, str]:
    """Name by pid, of every living child of that process."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            head, _, tail = (entry / "stat").read_text().rpartition(")")
        except OSError:
            continue
        state, ppid = tail.split()[:2]
        if int(ppid) == parent and state not in "ZX":
            found[int(entry.name)] = head.partition("(")[2]
    return found


def descendants_of(ancestor: int) -> dict[int, str]:
    """Name by pid, of its children, their children and so on."""
    found = children_of(ancestor)
    for child in list(found):
        found |= descendants_of(child)
    return found


def state_of(pid: int) -> str | None:
    """The kernel's letter, such as T for stopped; None for a process that does not exist."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """A corpse that nobody has waited for yet is not."""
    return state_of(pid) not in (None, "Z", "X")


def arguments_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")


def environment_of(pid: int) -> dict[str, str]:
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(pair.decode(errors="replace").split("=", 1) for pair in pairs if b"=" in pair)


def children_named(name: str) -> list[int]:
    """Our own living children of that name."""
    return [pid for pid, its in children_of(os.getpid()).items() if its == name]
