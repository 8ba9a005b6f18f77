"""Who names the nodes. One interface; a source each for the list in the settings, DNS, and the cluster's own table.

A source says who is there, not how they are: that is for the health checks. It may fail, and what it said before then
stays in force.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.settings import BalancerSettings, Discovery, Upstream


@dataclass(frozen=True, slots=True)
class Sightings:
    """One look. `mistakes` are what an operator should put right, in words; `silent` are addresses of which nobody can
    say yet which node they are."""

    nodes: tuple[Upstream, ...]
    mistakes: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


class Source(Protocol):
    """Names the nodes of a cluster. `words` say what it asks; one that is `lasting` need not be asked twice."""

    words: str
    lasting: bool

    async def look(self) -> Sightings:
        """Who is there now, at least one node or silent address; raises DependencyError when that cannot be said."""
        ...

    async def close(self) -> None: ...


class StaticList:
    """The nodes that stand in the settings."""

    words = "the settings"
    lasting = True

    def __init__(self, nodes: Sequence[Upstream]) -> None:
        self._nodes = tuple(nodes)

    async def look(self) -> Sightings:
        return Sightings(self._nodes)

    async def close(self) -> None:
        """Nothing is open."""


def choose_source(settings: BalancerSettings) -> Source:
    """The source the settings ask for; nothing is asked yet. Raises OperatorError for a database URL that is none.

    What a source needs is imported when it is chosen: SQLAlchemy is half a balancer's memory.
    """
    if settings.discovery is Discovery.DNS:
        from loadbalancer.discovery.dns import DnsName, SystemResolver
        from loadbalancer.discovery.identity import StatusIdentity

        return DnsName(
            settings.discovery_dns,
            settings.discovery_port,
            resolve=SystemResolver(timeout_s=settings.discovery_timeout_s),
            identify=StatusIdentity(settings.context_path + settings.health_path, timeout_s=settings.health_timeout_s),
        )
    if settings.discovery is Discovery.DATABASE:
        from loadbalancer.discovery.database import ClusterNodeTable

        assert settings.postgres_url is not None, "the settings have checked it"
        return ClusterNodeTable(settings.postgres_url.get_secret_value(), timeout_s=settings.discovery_timeout_s)
    return StaticList(settings.nodes)
