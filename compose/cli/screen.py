"""What `dcsim up` shows to people: progress on a terminal, a summary when the cluster is ready, warnings later.

Progress and warnings go to standard error; into a pipe there is no progress.
"""

import sys
from types import TracebackType
from typing import TYPE_CHECKING

from compose.cluster.handle import Cluster
from shared.contract import OPERATOR_PREFIX

if TYPE_CHECKING:
    from rich.status import Status

    from compose.cluster.description import Description


class Screen:
    """Shows progress from when it is entered until there is a summary, or until the end."""

    def __init__(self) -> None:
        self._status: Status | None = None
        self._ready: list[str] = []

    def __enter__(self) -> "Screen":
        if sys.stderr.isatty():
            from rich.console import Console

            self._status = Console(stderr=True).status("starting Postgres, Valkey, balancer and nodes")
            self._status.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end_status()

    def progress(self, step: str) -> None:
        self._ready.append(step.removesuffix(" ready"))
        if self._status is not None:
            self._status.update(f"starting; ready: {', '.join(self._ready)}")

    def doing(self, what: str) -> None:
        """What takes long before anything starts."""
        if self._status is not None:
            self._status.update(what)

    def warn(self, message: str) -> None:
        print(f"warning: {message}", file=sys.stderr, flush=True)

    def summary(self, cluster: Cluster, description: "Description") -> None:
        self._end_status()
        print(summary_text(cluster, description), flush=True)

    def _end_status(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None


def summary_text(cluster: Cluster, description: "Description") -> str:
    """Where everything is, who can log in, and what to try first."""
    base = description["base_url"]
    nodes = [
        f"  {node.id:<9} {node.url}{cluster.spec.context_path}   Jira {node.version}   {node.process.whereabouts}"
        for node in cluster.nodes.values()
    ]
    accounts = [
        f"{account['username']}/{account['password']}{' (administrator)' if account['admin'] else ''}"
        for account in description["accounts"]
    ]
    one_node = next(iter(cluster.nodes.values()))
    return "\n".join(
        [
            f"The cluster is ready: {base}",
            "",
            *nodes,
            f"  balancer  {_stats_page(cluster)}",
            "",
            f"Accounts: {', '.join(accounts)}",
            "",
            "Try:",
            f"  curl -c alice.jar -d os_username=alice -d os_password=alice -d os_cookie=true {base}/login.jsp",
            f"  curl -b alice.jar -i {base}/rest/api/2/myself     X-ANODEID names the node that answered",
            f"  {one_node.process.crash_command}     crash {one_node.id}, then ask again",
            "  dcsim clock step 15m     let policy time pass",
            "",
            "Ctrl-C ends it and leaves nothing behind.",
        ]
    )


def _stats_page(cluster: Cluster) -> str:
    """The page of our balancer, token and all, so that a click opens it."""
    if cluster.balancer_admin_url is None:
        return f"{cluster.spec.balancer.value}, as installed here"
    return f"{cluster.balancer_admin_url}{OPERATOR_PREFIX}/stats?token={cluster.admin_token}"
