"""Which dcsim this is."""

from importlib.metadata import PackageNotFoundError, version


def program_version() -> str:
    """As installed; `source` for a tree that was never installed."""
    try:
        return version("dcsim")
    except PackageNotFoundError:
        return "source"
