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
    return None if chromium_path() else "no Chromium here"


def chromium_path():
    """The Chromium that tests drive, or None: `DCSIM_CHROMIUM`, else what the system calls chromium."""
    names = (os.environ.get("DCSIM_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


def _has_node():
    return None if shutil.which("node") else "no node here"


def _has_docker():
    return None if os.path.exists("/var/run/docker.sock") or os.environ.get("DOCKER_HOST") else "no Docker daemon here"


def _has_balancers():
    missing = [name for name in ("haproxy", "nginx") if not shutil.which(name)]
    return f"{' and '.join(missing)} not installed" if missing else None


_CHECKS = {"browser": _has_browser, "docker": _has_docker, "balancers": _has_balancers, "node": _has_node}


def require(name):
    """Skips the running test when the machine lacks `name`: docker, browser, balancers (haproxy and nginx) or node (Node.js)."""
    problem = _CHECKS[name]()
    if problem is None:
        return
    if name in os.environ.get("DCSIM_REQUIRE", "").split(","):
        pytest.fail(f"DCSIM_REQUIRE names {name}, but {problem}")
    pytest.skip(problem)
