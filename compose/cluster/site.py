"""Where the programs of one cluster run: the seam between what a cluster is and what starts its parts.

A cluster (`handle.py`) knows specs, settings, states and faults. A site knows how its programs come to life: as child
processes (`local_site.py`) or as containers (`docker/site.py`). Either way a part of the cluster is a `ManagedProcess`
and is reached on this machine's loopback, so that everything built on a cluster works on both.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from compose.cluster.admin_client import AdminClient
from compose.cluster.links.panel import Links
from compose.cluster.links.plan import LinkPlan
from compose.cluster.processes import Launch, ManagedProcess
from compose.cluster.programs import OurSettings
from compose.cluster.spec import ClusterSpec, NodeSpec
from compose.cluster.wiring import Address


class Part(StrEnum):
    """What a process of a cluster is."""

    NODE = "node"
    BALANCER = "balancer"
    RELAY = "links"


@dataclass(frozen=True)
class Layout:
    """Who listens where, and through which links they reach each other."""

    balancer: Address
    nodes: Mapping[str, Address]
    relay: Address
    plan: LinkPlan


class Site(Protocol):
    """One cluster's place. `layout` is known before anything runs; `folder` holds the logs, NAME.log."""

    @property
    def layout(self) -> Layout: ...

    @property
    def folder(self) -> Path: ...

    def grow(self, node: NodeSpec) -> tuple[Address, LinkPlan]:
        """Room for a node that joins later: where it will listen, and its links. It is taken for as long as the cluster
        is there."""
        ...

    def process(self, part: Part, name: str) -> ManagedProcess:
        """A part that has not been started yet."""
        ...

    def launch(self, part: Part, name: str, settings: OurSettings) -> Launch:
        """How to start it with these settings."""
        ...

    def launch_real_balancer(self, spec: ClusterSpec) -> Launch:
        """A balancer that is not ours. Raises OperatorError where there can be none."""
        ...

    def links(self, url: str | None) -> Links:
        """The panel for the relay's operator URL."""
        ...

    async def stores_ready(self) -> None:
        """Returns when Postgres and Redis answer."""
        ...


OpenSite = Callable[[ClusterSpec, AdminClient], AbstractAsyncContextManager[Site]]
"""Makes the place for a cluster and takes it away at the end. Raises OperatorError when it cannot be had, such as a
port that is in use."""
