"""What a web session costs in memory, and what a million of them cost in stalls: `python -m tests.bench.node_memory`.

Memory: everything a session brings with it (the object, its id, its instants, its places in the dict, in the roster and
in the index by user) as tracemalloc counts it, and as the process grows; accounts exist before and are not counted.
Every session has been used once, as a real one has. Stalls: the longest garbage collection while the sessions come in
and requests allocate beside them, with Python's own settings and with ours, in CPU time, so that a busy machine does not
lengthen them. Each case is a process of its own.
"""

import argparse
import gc
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

from node.caches import Caches
from node.collector import keep_collections_short
from node.crowd import CrowdCache
from node.identity import Account
from node.web_sessions import SessionLimits, WebSessions

T0 = 1_772_442_000_000
PAGE = 4096
BAR_BYTES = 400
BAR_STALL_MS = 25


def accounts(count):
    return [
        Account(f"JIRAUSER{i}", f"user{i}", f"User {i}", f"user{i}@example.com", True, 1, ("u",)) for i in range(count)
    ]


def new_caches():
    return Caches(WebSessions(SessionLimits(18_000_000), capacity=10**9), CrowdCache(ttl_ms=900_000))


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def fill(caches, known, sessions):
    """Opens the sessions and uses each of them once."""
    web = caches.web_sessions
    for number in range(sessions):
        session = web.open(known[number % len(known)], now_ms=T0 + number)
        web.find(session.id, now_ms=T0 + number + 1)


def memory_case(sessions, users, traced):
    known = accounts(users)
    caches = new_caches()
    before = resident()
    if traced:
        tracemalloc.start()
    fill(caches, known, sessions)
    if not traced:
        return {"bytes": (resident() - before) / sessions}
    return {"bytes": tracemalloc.get_traced_memory()[0] / sessions}


def stall_case(sessions, users, ours):
    known = accounts(users)
    caches = new_caches()
    if ours:
        keep_collections_short()
    stalls, began = [], 0.0

    def watch(phase, info):
        nonlocal began
        if phase == "start":
            began = time.thread_time()
        else:
            stalls.append((time.thread_time() - began, info["generation"]))

    gc.callbacks.insert(0, watch)
    fill(caches, known, sessions)
    busy = [{"request": [number]} for number in range(300_000)]  # what requests leave behind while they run
    del busy
    full = [took for took, generation in stalls if generation == 2]
    return {
        "longest_ms": max(took for took, _ in stalls) * 1e3,
        "full": len(full),
        "all_ms": sum(took for took, _ in stalls) * 1e3,
    }


def apart(*arguments):
    line = [sys.executable, "-m", "tests.bench.node_memory", "--case", *map(str, arguments)]
    return json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--case", nargs=4)
    given = parser.parse_args()
    if given.case:
        kind, sessions, users, flag = given.case
        case = memory_case if kind == "memory" else stall_case
        print(json.dumps(case(int(sessions), int(users), flag == "1")))
        return
    sessions = given.sessions
    print(f"bytes per session at {sessions:,} (bar: at most {BAR_BYTES})")
    for per_user in (5, 1):
        users = sessions // per_user
        traced = apart("memory", sessions, users, 1)["bytes"]
        grown = apart("memory", sessions, users, 0)["bytes"]
        print(f"  {per_user} sessions a user: {traced:6.0f} allocated, {grown:6.0f} of resident memory")
    print(f"garbage collection while {sessions:,} sessions come in (bar: no stall beyond {BAR_STALL_MS} ms)")
    for name, ours in (("as Python comes", 0), ("as a node runs", 1)):
        found = apart("stall", sessions, sessions // 5, ours)
        print(
            f"  {name:<16} longest {found['longest_ms']:7.1f} ms, full collections {found['full']:3}, "
            f"all together {found['all_ms']:7.0f} ms"
        )


if __name__ == "__main__":
    main()
