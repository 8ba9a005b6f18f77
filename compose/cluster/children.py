"""The processes that a process has started, as the kernel knows them."""

from pathlib import Path


def children(pid: int | None) -> list[int]:
    """Those that are there now; none for None, and where there is no /proc to look into."""
    if pid is None:
        return []
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state_and_parent = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(state_and_parent[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def living_members(group: int) -> list[int]:
    """The processes of a process group that have not ended; none where there is no /proc to look into."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue  # it has ended meanwhile
        if int(its_group) == group and state not in "ZX":
            found.append(int(stat.parent.name))
    return found


def kernel_state(pid: int | None) -> str | None:
    """The letter Linux has for a process: R, S, T (stopped), Z; None where there is none, or nowhere to look."""
    if pid is None:
        return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return stat.rpartition(")")[2].split()[0]
