"""Policy code reads the policy clock and no other: checked on the syntax trees of all programs."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

WALL_CLOCKS = {
    "time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.clock_gettime",
    "datetime.now", "datetime.utcnow", "datetime.today", "datetime.datetime.now", "datetime.datetime.utcnow",
    "datetime.date.today", "date.today",
}  # fmt: skip
DATABASE_CLOCKS = {
    "now",
    "current_timestamp",
    "localtimestamp",
    "statement_timestamp",
    "clock_timestamp",
    "transaction_timestamp",
}
REDIS_EXPIRIES = {"expire", "expireat", "pexpire", "pexpireat", "setex", "psetex", "getex"}
REAL_CLOCKS = {
    "time.clock_gettime_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "asyncio.sleep",
}

REAL_TIME_IS_MEANT = {
    "shared/clock.py": "it turns monotonic time into policy time",
    "shared/bus.py": "pauses between attempts to reconnect a socket",
    "node/invalidation/fenced.py": "leases, and how long a replay took",
    "node/invalidation/queue.py": "pauses between attempts to deliver",
    "node/auditor.py": "rounds of the audit, in leases",
    "node/floor_cleaning.py": "pauses between two looks at the floor",
    "node/anonymizing.py": "pauses between attempts to report the end of a task",
    "node/upgrading.py": "pauses between attempts to report the end of the tasks",
    "node/app.py": "how long a stopping node goes on listening",
    "node/invalidation/lease.py": "the boot-time clock of leases",
    "node/store/schema.py": "patience with a database that is still starting",
    "node/filters/request_context.py": "the latency of a request",
}
"""Files that may read real time, each with its reason. The balancer and `compose` live in real time altogether."""
WALL_TIME_IS_MEANT = {
    "shared/clock.py": "generation 0 starts where the wall clock stands",
    "loadbalancer/journal.py": "the time of day in the access log",
    "shared/log.py": "the time of day of a log line",
}


def dotted(node):
    """`a.b.c` as text, or None for anything that is not a plain path of names."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def other_clocks(source):
    """Every reading of a clock that is not the policy clock, as (kind, what, line)."""
    tree = ast.parse(source)
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "asyncio")
        for alias in node.names
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name):
            name = dotted(node)
            name = imported.get(name, name)
            if name in WALL_CLOCKS:
                found.append(("wall", name, node.lineno))
            elif name in REAL_CLOCKS:
                found.append(("real", name, node.lineno))
            elif name is not None and name.startswith("func.") and name.removeprefix("func.") in DATABASE_CLOCKS:
                found.append(("database", name, node.lineno))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            keywords = {keyword.arg for keyword in node.keywords}
            if node.func.attr in REDIS_EXPIRIES and "redis" in (dotted(node.func) or ""):
                found.append(("redis", node.func.attr, node.lineno))
            if node.func.attr == "set" and keywords & {"ex", "px", "exat", "pxat"}:
                found.append(("redis", "set with an expiry", node.lineno))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value.lower()
            if (any(f"{clock}()" in text.replace(" ()", "()") for clock in DATABASE_CLOCKS) and is_sql(text)) or (
                is_sql(text) and ("current_timestamp" in text or "localtimestamp" in text)
            ):
                found.append(("database", node.value.strip()[:60], node.lineno))
    return found


def is_sql(text):
    return text.lstrip().startswith(("select", "insert", "update", "delete", "with"))


def sources(package):
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", ["shared", "node", "loadbalancer"])
def test_no_program_reads_another_clock(package):
    """Not the wall clock, not the database's, no expiry in Redis; real time only where a reason is written down."""
    offences = []
    for path in sources(package):
        name = str(path.relative_to(ROOT))
        for kind, what, line in other_clocks(path.read_text()):
            real_is_fine = kind == "real" and (package == "loadbalancer" or name in REAL_TIME_IS_MEANT)
            if not real_is_fine and not (kind == "wall" and name in WALL_TIME_IS_MEANT):
                offences.append(f"{name}:{line} reads {what}")
    assert offences == []


def test_every_exception_is_still_needed():
    """A file that no longer reads real time loses its licence."""
    for licence, kind in ((REAL_TIME_IS_MEANT, "real"), (WALL_TIME_IS_MEANT, "wall")):
        for name in licence:
            assert any(found[0] == kind for found in other_clocks((ROOT / name).read_text())), name


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("import time\nx = time.time()", "wall"),
        ("from time import time\nx = time()", "wall"),
        ("from time import time_ns as t\nx = t()", "wall"),
        ("from datetime import datetime\nx = datetime.now(UTC)", "wall"),
        ("import datetime\nx = datetime.datetime.utcnow()", "wall"),
        ("import time\nx = time.monotonic()", "real"),
        ("import asyncio\nasync def f(): await asyncio.sleep(1)", "real"),
        ("x = select(func.now())", "database"),
        ("x = text('SELECT * FROM t WHERE at < now()')", "database"),
        ("x = text('UPDATE t SET at = CURRENT_TIMESTAMP')", "database"),
        ("async def f(redis): await redis.expire('k', 5)", "redis"),
        ("async def f(redis): await redis.set('k', 'v', ex=5)", "redis"),
    ],
)
def test_the_check_finds_what_it_looks_for(source, kind):
    """A check that finds nothing anywhere would pass on everything."""
    assert kind in {found[0] for found in other_clocks(source)}


def test_the_check_leaves_the_policy_clock_alone():
    """now_ms(), `now` as a word, and JQL's now() are none of its business."""
    assert other_clocks("now_ms = clock.now_ms()\nnow = 5\nx = 'created > now()'") == []
