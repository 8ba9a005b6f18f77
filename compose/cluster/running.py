"""How other terminals find a cluster that runs: a file per `dcsim up` in a directory only its user can read.

The file holds the description the cluster printed when it was ready, and what it takes to steer it. It goes with the
cluster, also after `kill -9`; one that was left behind all the same is told by the process it names.

A cluster that no `dcsim up` runs, such as that of `compose/compose.yaml`, can be named by the environment instead.
"""

import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from compose.cluster.keeper import born_at
from compose.cluster.operators_in_dns import operators_in_dns
from compose.cluster.safety_net import SafetyNet
from shared.errors import HarnessError, OperatorError
from shared.secrets import secrets_directory
from shared.settings import explain


@dataclass(frozen=True, slots=True)
class RunningCluster:
    """A cluster that some `dcsim up` of ours is running; `pid` is that command's, None for one that the environment
    names. `operator_urls` go by name; `links_url` is the relay's, which has no clock, and None in a cluster without
    links."""

    pid: int | None
    base_url: str
    admin_token: str
    operator_urls: Mapping[str, str]
    links_url: str | None = None

    def is_called(self, name: str) -> bool:
        return name in (str(self.pid), self.base_url, f"{self.base_url}/")

    def __str__(self) -> str:
        return self.base_url if self.pid is None else f"{self.pid} ({self.base_url})"


_FILE = TypeAdapter(RunningCluster)


class NamedCluster(BaseSettings):
    """A cluster as the environment names it, each variable with `DCSIM_CLUSTER_` before it."""

    model_config = SettingsConfigDict(env_prefix="DCSIM_CLUSTER_", frozen=True, extra="ignore")

    base_url: str
    admin_token: SecretStr
    operator_urls: dict[str, str] = Field(min_length=1)
    nodes_dns: str | None = Field(None, description="name and port of every node's operator endpoints: node.ctl:8081")
    links_url: str | None = None


@contextmanager
def announced(
    description: Mapping[str, Any], operator_urls: Mapping[str, str], *, net: SafetyNet, links_url: str | None = None
) -> Iterator[Path]:
    """Other terminals can find the cluster for the length of the block."""
    directory = _directory()
    path = directory / f"{os.getpid()}.json"
    content = {
        **description,
        "pid": os.getpid(),
        "born": born_at(os.getpid()),
        "operator_urls": dict(operator_urls),
        "links_url": links_url,
    }
    net.hold_file(path)
    _make_private(directory)
    path.unlink(missing_ok=True)
    with open(path, "x", opener=_private) as file:
        json.dump(content, file)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        with suppress(OSError):
            directory.rmdir()
        net.release_file(path)


def running_clusters() -> list[RunningCluster]:
    """The cluster that the environment names, its nodes as DNS knows them, then every one of this user that runs here.

    Raises OperatorError when the environment names half a cluster.
    """
    found = _named()
    for path in sorted(_directory().glob("*.json")):
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):  # what is no such file
            content = json.loads(path.read_text())
            if content["born"] is not None and born_at(content["pid"]) == content["born"]:
                found.append(_FILE.validate_python(content))
    return found


def find_running(name: str | None = None) -> RunningCluster:
    """The one that runs, or the one called `name`: its URL, or the pid of its command.

    Raises OperatorError when there is none, or more than one to choose from.
    """
    clusters = running_clusters()
    if not clusters:
        raise OperatorError("no cluster is running here; start one in another terminal with: dcsim up")
    chosen = [cluster for cluster in clusters if name is None or cluster.is_called(name)]
    if len(chosen) == 1:
        return chosen[0]
    known = ", ".join(str(cluster) for cluster in clusters)
    if name is None:
        raise OperatorError(f"more than one cluster is running: {known}; choose with --cluster")
    raise OperatorError(f"no running cluster is called {name}; there is {known}")


def _named() -> list[RunningCluster]:
    prefix = str(NamedCluster.model_config["env_prefix"])
    if not any(name.startswith(prefix) for name in os.environ):
        return []
    try:
        named = NamedCluster(_secrets_dir=secrets_directory())
    except ValidationError as error:
        raise OperatorError(explain(error, prefix=prefix)) from error
    except SettingsError as error:
        raise OperatorError(f"{prefix}...: {error}; it must be JSON") from error
    token = named.admin_token.get_secret_value()
    found = operators_in_dns(named.nodes_dns, token) if named.nodes_dns else {}
    return [RunningCluster(None, named.base_url, token, {**named.operator_urls, **found}, named.links_url)]


def _directory() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return Path(base) / f"dcsim-{os.getuid()}"


def _make_private(directory: Path) -> None:
    """Raises HarnessError when somebody else has taken the place, as anybody can in a shared temporary directory."""
    directory.mkdir(mode=0o700, exist_ok=True)
    facts = directory.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise HarnessError(f"{directory} is not a private directory of yours; remove it, or set XDG_RUNTIME_DIR")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
