"""Who listens where, and the settings each program gets: a spec and addresses in, settings out.

What a spec does not say keeps the programs' own defaults, or what DCSIM_... in our environment says of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from compose.cluster.ports import LOOPBACK
from compose.cluster.processes import Launch
from compose.cluster.spec import ClusterSpec, NodeSpec
from shared.clock import Anchor
from shared.settings import BalancerSettings, NodeSettings, Sticky, Upstream


@dataclass(frozen=True, slots=True)
class Address:
    """Where one program listens on loopback: for its users, and for the operator."""

    port: int
    operator_port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def operator_url(self) -> str:
        """Its paths start with `contract.OPERATOR_PREFIX`."""
        return f"http://{LOOPBACK}:{self.operator_port}"


@dataclass(frozen=True, slots=True)
class Backing:
    """The stores as the nodes of one cluster see them."""

    postgres_url: str
    redis_url: str
    redis_namespace: str


def node_settings(
    spec: ClusterSpec, node: NodeSpec, *, address: Address, base_url: str, backing: Backing, clock: Anchor
) -> NodeSettings:
    return NodeSettings(
        admin_token=SecretStr(spec.admin_token),
        node_id=node.id,
        version=node.version,
        delivery=spec.delivery,
        switches=spec.switches,
        host=LOOPBACK,
        port=address.port,
        operator_host=LOOPBACK,
        operator_port=address.operator_port,
        reuse_port=True,
        url=address.url,
        base_url=base_url,
        context_path=spec.context_path,
        postgres_url=SecretStr(backing.postgres_url),
        redis_url=SecretStr(backing.redis_url),
        redis_namespace=backing.redis_namespace,
        clock=clock,
        starting_s=node.starting_s,
        session_idle_s=spec.limits.session_idle_s,
        session_max_age_s=spec.limits.session_max_age_s,
        jvm_route=node.id if spec.sticky is Sticky.JVM_ROUTE else "",
        crowd_ttl_s=spec.limits.crowd_ttl_s,
        remember_me_age_s=spec.limits.remember_me_age_s,
        login_rules=spec.login_rules,
    )


def balancer_settings(
    spec: ClusterSpec, *, address: Address, nodes: Mapping[str, Address], clock: Anchor
) -> BalancerSettings:
    """`nodes` are as the balancer dials them: through a link if there is one, and past it to their operator's door."""
    return BalancerSettings(
        admin_token=SecretStr(spec.admin_token),
        host=LOOPBACK,
        port=address.port,
        admin_host=LOOPBACK,
        admin_port=address.operator_port,
        reuse_port=True,
        nodes=tuple(
            Upstream(id=node_id, host=LOOPBACK, port=node.port, operator_url=node.operator_url)
            for node_id, node in nodes.items()
        ),
        context_path=spec.context_path,
        clock=clock,
        sticky=spec.sticky,
        session_cookie=spec.login_rules.session_cookie,
    )


def launch_real_balancer(spec: ClusterSpec, address: Address, nodes: dict[str, Address], folder: Path) -> Launch:
    """HAProxy or nginx in front of the same nodes. Raises OperatorError when it is not installed."""
    from compose.real_balancers.configurations import Front, Product  # Jinja2, which nobody else here needs
    from compose.real_balancers.launch import launch_real

    front = Front(
        tuple(Upstream(id=node_id, host=LOOPBACK, port=node.port) for node_id, node in nodes.items()),
        str(folder),
        host=LOOPBACK,
        port=address.port,
        reuse_port=True,
        sticky=spec.sticky,
        context_path=spec.context_path,
    )
    return launch_real(Product(spec.balancer.value), front)
