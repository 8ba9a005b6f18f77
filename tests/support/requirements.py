"""What a test needs of the machine. Missing: the test is skipped with the reason, unless the run says it must be there.

`DCSIM_REQUIRE=balancers,docker` turns those skips into failures, so that CI cannot go green by lacking something.
"""

import asyncio
import functools
import gc
import os
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.engine import compose_command, engine_problem


def _has_browser():
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None if chromium_path() else "no Chromium here"


def chromium_path():
    """The Chromium that tests drive, or None: `DCSIM_CHROMIUM`, else what the system calls chromium."""
    names = (os.environ.get("DCSIM_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def _has_node():
    return None if shutil.which("node") else "no node here"


@functools.cache
def _has_docker():
    """In a thread, as the test that asks may run an event loop already. Docker's SDK leaves the socket open by which it
    reached no engine; it is collected here, since the test in which that happened would fail for it."""
    with warnings.catch_warnings(), ThreadPoolExecutor(1) as thread:
        warnings.simplefilter("ignore", ResourceWarning)
        problem = thread.submit(lambda: asyncio.run(engine_problem())).result()
        gc.collect()
    return problem


def _has_compose():
    problem = _has_docker()
    return problem or (None if compose_command() else "neither docker compose nor docker-compose is installed")


def _has_swarm():
    return _has_docker() or (None if shutil.which("docker") else "the docker command is not installed")


def _has_balancers():
    missing = [name for name in ("haproxy", "nginx") if not shutil.which(name)]
    return f"{' and '.join(missing)} not installed" if missing else None


_CHECKS = {
    "browser": _has_browser,
    "docker": _has_docker,
    "compose": _has_compose,
    "swarm": _has_swarm,
    "balancers": _has_balancers,
    "node": _has_node,
}


def require(name):
    """Skips the running test when the machine lacks `name`: docker (an engine), compose (and an engine), browser,
    swarm (an engine, and the docker command), balancers (haproxy and nginx) or node (Node.js)."""
    problem = _CHECKS[name]()
    if problem is None:
        return
    if name in os.environ.get("DCSIM_REQUIRE", "").split(","):
        pytest.fail(f"DCSIM_REQUIRE names {name}, but {problem}")
    pytest.skip(problem)
