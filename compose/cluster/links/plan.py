"""Which links a cluster has, and what each program dials instead of the other's own port. Pure but for reserving ports.

Nodes are reached directly by people with a node's own URL, and operators reach everything directly: faults are for what
travels between the parts of a cluster, not for those who watch it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from compose.cluster.links.settings import LinkSettings
from compose.cluster.ports import LOOPBACK
from compose.cluster.wiring import Address, Backing
from shared.settings import Upstream

POSTGRES_PORT = 5432
REDIS_PORT = 6379


@dataclass(frozen=True, slots=True)
class RelayHosts:
    """Under which host each kind of dialler reaches the relay: the balancer, nodes on their way to Postgres, and nodes
    on their way to Redis. On networks of their own these are three."""

    front: str = LOOPBACK
    db: str = LOOPBACK
    bus: str = LOOPBACK


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """The links, the nodes as the balancer is told of them, and where each node finds its stores."""

    links: tuple[LinkSettings, ...]
    upstreams: tuple[Upstream, ...]
    backings: Mapping[str, Backing]

    def joined(self, other: "LinkPlan") -> "LinkPlan":
        """Both together, for nodes that come later."""
        return LinkPlan(
            (*self.links, *other.links),
            (*self.upstreams, *other.upstreams),
            {**self.backings, **other.backings},
        )

    def without(self, node_id: str) -> "LinkPlan":
        """That node's links are left out, and so is everything about it."""
        return LinkPlan(
            tuple(link for link in self.links if link.name not in self.names_of(node_id)),
            tuple(node for node in self.upstreams if node.id != node_id),
            {node: backing for node, backing in self.backings.items() if node != node_id},
        )

    def names_of(self, node_id: str) -> list[str]:
        """The links that begin or end at that node."""
        return [link.name for link in self.links if node_id in link.name.split("->")]


@dataclass(slots=True)
class _Drawing:
    reserve: Callable[[], int]
    links: list[LinkSettings] = field(default_factory=list)

    def add(self, name: str, host: str, port: int, *, redis: bool = False, watched: bool = False) -> int:
        link = LinkSettings(
            name=name, port=self.reserve(), target_host=host, target_port=port, redis=redis, watched=watched
        )
        self.links.append(link)
        return link.port


def draw_links(
    nodes: Mapping[str, Address], backing: Backing, *, reserve: Callable[[], int], relay: RelayHosts | None = None
) -> LinkPlan:
    """Every link of a cluster with these nodes. A store that is reached with TLS is dialled directly: its certificate
    is made out to its own name."""
    drawing, relay = _Drawing(reserve), relay or RelayHosts()
    upstreams = tuple(
        Upstream(
            id=node_id,
            host=relay.front,
            port=drawing.add(f"balancer->{node_id}", address.seat.dialled, address.seat.port, watched=True),
            operator_url=address.seat.operator_url,
        )
        for node_id, address in nodes.items()
    )
    backings = {node_id: _backing_of(node_id, backing, drawing, relay) for node_id in nodes}
    return LinkPlan(tuple(drawing.links), upstreams, backings)


def no_links(nodes: Mapping[str, Address], backing: Backing) -> LinkPlan:
    """Everybody dials everybody directly."""
    upstreams = tuple(
        Upstream(
            id=node_id,
            host=address.seat.dialled,
            port=address.seat.port,
            operator_url=address.seat.operator_url,
        )
        for node_id, address in nodes.items()
    )
    return LinkPlan((), upstreams, dict.fromkeys(nodes, backing))


def _backing_of(node_id: str, backing: Backing, drawing: _Drawing, relay: RelayHosts) -> Backing:
    postgres, redis = urlsplit(backing.postgres_url), urlsplit(backing.redis_url)
    postgres_url, redis_url = backing.postgres_url, backing.redis_url
    if dict(parse_qsl(postgres.query)).get("ssl", "disable") == "disable" and postgres.hostname:
        port = drawing.add(f"{node_id}->postgres", postgres.hostname, postgres.port or POSTGRES_PORT)
        postgres_url = dialled_at(postgres_url, relay.db, port)
    if redis.scheme == "redis" and redis.hostname:
        port = drawing.add(f"{node_id}->redis", redis.hostname, redis.port or REDIS_PORT, redis=True)
        redis_url = dialled_at(redis_url, relay.bus, port)
    return Backing(postgres_url, redis_url, backing.redis_namespace)


def dialled_at(url: str, host: str, port: int) -> str:
    """The same URL, user and password included, at another host and port."""
    parts = urlsplit(url)
    who, at, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{who}{at}{host}:{port}"))
