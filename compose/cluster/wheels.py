"""Finds the servers that come as Python wheels, without importing the wheels.

Their packages import far more than we need (a second client library, lock files, a warning about the runtime
directory), and start-up time is what users feel. The layout inside a wheel is part of its version, which
`pyproject.toml` bounds.
"""

import importlib.util
from pathlib import Path

from shared.errors import OperatorError


def in_wheel(package: str, pattern: str, *, instead: str) -> Path:
    """The file of an installed package that matches. Raises OperatorError saying what to do `instead` without it."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob(pattern)):
            return path
    raise OperatorError(f"the package {package} has no {pattern} for this system; {instead}")
