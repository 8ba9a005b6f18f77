"""Settings that must not stand in an environment: one file each, as Docker Swarm and Kubernetes mount them.

A file is named like the variable it stands in for, in any case: /run/secrets/dcsim_admin_token. pydantic-settings reads
them; where a variable is set too, the variable wins. DCSIM_SECRETS_DIR names another directory.
"""

import os
from pathlib import Path
from urllib.parse import quote, urlsplit

DIRECTORY = "DCSIM_SECRETS_DIR"
_DEFAULT = "/run/secrets"


def secrets_directory() -> Path | None:
    """Where to look for such files; None when there is no such directory."""
    directory = Path(os.environ.get(DIRECTORY, _DEFAULT))
    return directory if directory.is_dir() else None


def with_password(url: str, password: str) -> str:
    """The URL of a database with that password in it, whatever it had before."""
    parts = urlsplit(url)
    user = (parts.username or "").strip()
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()
