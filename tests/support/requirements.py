"""What a test needs of the machine. Missing: the test is skipped with the reason, unless the run says it must be there.

`DCSIM_REQUIRE=balancers,docker` turns those skips into failures, so that CI cannot go green by lacking something.
"""

import os
import shutil

import pytest


def _has_browser():
    try:
        import playwright  # noqa: F401
    except ImportError:
        return "playwright is not installed"
    return None


def _has_docker():
    return None if os.path.exists("/var/run/docker.sock") or os.environ.get("DOCKER_HOST") else "no Docker daemon here"


def _has_balancers():
    missing = [name for name in ("haproxy", "nginx") if not shutil.which(name)]
    return f"{' and '.join(missing)} not installed" if missing else None


_CHECKS = {"browser": _has_browser, "docker": _has_docker, "balancers": _has_balancers}


def require(name):
    """Skips the running test when the machine lacks `name`: docker, browser or balancers (haproxy and nginx)."""
    problem = _CHECKS[name]()
    if problem is None:
        return
    if name in os.environ.get("DCSIM_REQUIRE", "").split(","):
        pytest.fail(f"DCSIM_REQUIRE names {name}, but {problem}")
    pytest.skip(problem)
