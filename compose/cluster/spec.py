"""What a cluster shall be, before anything of it runs. A wrong cluster cannot be written down."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from shared.clock import Anchor
from shared.errors import OperatorError
from shared.settings import MAX_REMEMBER_ME_AGE_S, Delivery, LoginRules, Placement, Sticky, Switches
from shared.versions import JIRA_9_11, Version

MAX_NODES = 32
_NODE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_CONTEXT_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")


class BalancerKind(StrEnum):
    """What stands in front of the nodes: ours, or a product that is installed on this machine."""

    OWN = "dcsim"
    HAPROXY = "haproxy"
    NGINX = "nginx"


def new_token() -> str:
    """An admin token nobody can guess."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One node. The version is the node's own: during a rolling upgrade the cluster has two. `starting_s` (real) is how
    much longer than it needs it says STARTING."""

    id: str
    version: Version = JIRA_9_11
    starting_s: float = 0.0

    def __post_init__(self) -> None:
        if not _NODE_ID.fullmatch(self.id):
            raise OperatorError(f"{self.id!r} is not a node id; use letters, digits, '-' and '_', such as node-1")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the three things that know a user last. All in policy seconds."""

    session_idle_s: int = 300 * 60
    session_max_age_s: int | None = None
    crowd_ttl_s: int = 15 * 60
    remember_me_age_s: int = 14 * 24 * 3600

    def __post_init__(self) -> None:
        if self.crowd_ttl_s <= 0:
            raise OperatorError(f"a Crowd entry must last longer than {self.crowd_ttl_s} s")
        if self.remember_me_age_s <= 0:
            raise OperatorError(f"a remember-me token must last longer than {self.remember_me_age_s} s")


@dataclass(frozen=True, slots=True)
class Balancing:
    """How our balancer places people and finds out who may take them. Seconds are real; None keeps its own default."""

    placement: Placement | None = None
    health_interval_s: float | None = None
    health_timeout_s: float | None = None
    health_fall: int | None = None
    health_rise: int | None = None
    health_naive: bool | None = None
    passive_failures: int | None = None

    def said(self) -> dict[str, Any]:
        """What was not left open, by the names of `BalancerSettings`."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a rehearsal may want otherwise in every node. None keeps the node's own default.

    `heartbeat_s` is policy time, `lease_s` and `lame_duck_s` are real. A small `argon2_memory_kib` makes logins cheap:
    hundreds of users of a drill would otherwise measure the hashing of passwords.
    """

    heartbeat_s: float | None = None
    lease_s: float | None = None
    lame_duck_s: float | None = None
    max_failed_logins: int | None = None
    argon2_memory_kib: int | None = None

    def said(self) -> dict[str, Any]:
        """What was not left open, by the names of `NodeSettings`."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class ClusterSpec:
    """A cluster: its nodes, and what they and the balancer have in common.

    `port` 0 lets the system choose the port users type. `clock` is where policy time starts; default: real time.
    `links`: connections between its parts run through a relay, so that they can be broken (`compose.cluster.links`).
    Where Postgres and Redis are is not said here, because two clusters may share them (`stores.py`).
    """

    nodes: tuple[NodeSpec, ...]
    delivery: Delivery = Delivery.FENCED
    sticky: Sticky = Sticky.COOKIE
    balancer: BalancerKind = BalancerKind.OWN
    balancing: Balancing = field(default_factory=Balancing)
    tuning: Tuning = field(default_factory=Tuning)
    context_path: str = ""
    port: int = 0
    switches: Switches = field(default_factory=Switches)
    limits: Limits = field(default_factory=Limits)
    login_rules: LoginRules = field(default_factory=LoginRules)
    clock: Anchor | None = None
    links: bool = True
    admin_token: str = field(default_factory=new_token, repr=False)

    def __post_init__(self) -> None:
        age_s = self.limits.remember_me_age_s
        if age_s > MAX_REMEMBER_ME_AGE_S and not self.login_rules.remember_me_overflows:
            raise OperatorError(f"a remember-me token lasts 1 to {MAX_REMEMBER_ME_AGE_S} s, not {age_s}")
        if not 1 <= len(self.nodes) <= MAX_NODES:
            raise OperatorError(f"a cluster has 1 to {MAX_NODES} nodes, not {len(self.nodes)}")
        if len({node.id for node in self.nodes}) < len(self.nodes):
            raise OperatorError("two nodes have the same id")
        check_context_path(self.context_path)
        if not 0 <= self.port <= 65535:
            raise OperatorError(f"{self.port} is not a port; give 1 to 65535, or 0 for any free one")

    def node(self, node_id: str) -> NodeSpec:
        """Raises OperatorError for a node this cluster does not have."""
        return next((node for node in self.nodes if node.id == node_id), None) or _no_such_node(node_id, self.nodes)


def check_context_path(path: str) -> None:
    """Raises OperatorError for what no cluster can be served under."""
    if not _CONTEXT_PATH.fullmatch(path):
        raise OperatorError(f"{path!r} is not a context path; it starts with '/' and ends without, such as /jira")


def numbered_nodes(
    count: int, *, version: Version = JIRA_9_11, versions: Mapping[str, Version] | None = None
) -> tuple[NodeSpec, ...]:
    """node-1 to node-`count`, all of `version` but for those in `versions`. Raises OperatorError for an unknown id."""
    if not 1 <= count <= MAX_NODES:
        raise OperatorError(f"a cluster has 1 to {MAX_NODES} nodes, not {count}")
    own = dict(versions or {})
    nodes = tuple(
        NodeSpec(node_id, own.pop(node_id, version)) for node_id in (f"node-{n}" for n in range(1, count + 1))
    )
    for node_id in own:
        _no_such_node(node_id, nodes)
    return nodes


def _no_such_node(node_id: str, nodes: tuple[NodeSpec, ...]) -> NodeSpec:
    raise OperatorError(f"there is no node {node_id!r}; there is {', '.join(node.id for node in nodes)}")
