"""Who listens where, and the settings each program gets: a spec and addresses in, settings out.

What a spec does not say keeps the programs' own defaults, or what DCSIM_... in our environment says of it.
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from compose.cluster.ports import LOOPBACK
from compose.cluster.processes import Launch
from compose.cluster.spec import ClusterSpec, NodeSpec
from shared.clock import Anchor
from shared.settings import BalancerSettings, NodeSettings, Sticky, Upstream


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a program listens as it sees that itself: for its users, and for the operator. `dialled` and
    `operator_dialled` are the hosts under which the other parts of the cluster reach it. `reserved`: whoever starts it
    holds the ports for it."""

    host: str
    port: int
    operator_host: str
    operator_port: int
    dialled: str
    operator_dialled: str
    reserved: bool = False

    @property
    def operator_url(self) -> str:
        """As the other parts of the cluster reach it."""
        return f"http://{self.operator_dialled}:{self.operator_port}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where people and dcsim reach one program on this machine's loopback: as its users, and as the operator.

    `elsewhere` is where it sits if that is somewhere else, such as in a container that publishes these ports.
    """

    port: int
    operator_port: int
    elsewhere: Seat | None = None

    @property
    def seat(self) -> Seat:
        return self.elsewhere or Seat(
            LOOPBACK, self.port, LOOPBACK, self.operator_port, LOOPBACK, LOOPBACK, reserved=True
        )

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
        host=address.seat.host,
        port=address.seat.port,
        operator_host=address.seat.operator_host,
        operator_port=address.seat.operator_port,
        reuse_port=address.seat.reserved,
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
        **spec.tuning.said(),
    )


def balancer_settings(
    spec: ClusterSpec, *, address: Address, upstreams: tuple[Upstream, ...], clock: Anchor
) -> BalancerSettings:
    """`upstreams` are the nodes as the balancer dials them: through a link if there is one, and past it to their
    operator's door."""
    return BalancerSettings(
        admin_token=SecretStr(spec.admin_token),
        host=address.seat.host,
        port=address.seat.port,
        admin_host=address.seat.operator_host,
        admin_port=address.seat.operator_port,
        reuse_port=address.seat.reserved,
        nodes=upstreams,
        context_path=spec.context_path,
        clock=clock,
        sticky=spec.sticky,
        session_cookie=spec.login_rules.session_cookie,
        **spec.balancing.said(),
    )


def launch_real_balancer(spec: ClusterSpec, address: Address, upstreams: tuple[Upstream, ...], folder: Path) -> Launch:
    """HAProxy or nginx in front of the same nodes. Raises OperatorError when it is not installed."""
    from compose.real_balancers.configurations import Front, Product  # Jinja2, which nobody else here needs
    from compose.real_balancers.launch import launch_real

    front = Front(
        upstreams,
        str(folder),
        host=LOOPBACK,
        port=address.port,
        reuse_port=True,
        sticky=spec.sticky,
        context_path=spec.context_path,
    )
    return launch_real(Product(spec.balancer.value), front)
