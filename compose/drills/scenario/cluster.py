"""`cluster`: what stands there when the drill begins. Everything has Jira's own default."""

from pydantic import Field

from compose.cluster.spec import MAX_NODES, BalancerKind
from compose.drills.scenario.model import Part, Policy, Real, WholePolicy, policy, real
from shared.settings import Delivery, Placement, Sticky, Switches, VersionField
from shared.versions import JIRA_9_11


class Nodes(Part):
    """`version` is everybody's but for those named in `versions`."""

    count: int = Field(3, ge=1, le=MAX_NODES)
    version: VersionField = JIRA_9_11
    versions: dict[str, VersionField] = Field(default_factory=dict, description="node id: version")


class Health(Part):
    """How the balancer finds out whether a node may be used."""

    interval: Real = real("500ms")
    timeout: Real = real("1s")
    fall: int = Field(2, ge=1, description="failed checks in a row until a node is down")
    rise: int = Field(1, ge=1, description="good checks in a row until it is up")
    naive: bool = Field(False, description="trust the 200 of /status and never read its state")
    passive: bool = Field(True, description="failures of real requests, too, take a node out for a while")


class Balancer(Part):
    """`kind` haproxy and nginx take the same place if they are installed; they know no policy time."""

    kind: BalancerKind = BalancerKind.OWN
    sticky: Sticky = Sticky.COOKIE
    placement: Placement = Placement.ROUND_ROBIN
    health: Health = Health()


class Session(Part):
    """Limits as `web.xml` and `seraph-config.xml` set them; `import` reads such files, relative to the drill's."""

    idle: WholePolicy = policy("5h")
    max_age: WholePolicy | None = None
    remember_me_age: WholePolicy = policy("14d")
    import_: tuple[str, ...] = Field((), alias="import", description="web.xml and seraph-config.xml files to load")


class Crowd(Part):
    ttl: WholePolicy = policy("15m")


class Neighbour(Part):
    """A second application on the same host name, one node of it. Browsers do not tell ports apart in cookies."""

    context_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    session_cookie: str = Field("JSESSIONID", pattern=r"^[A-Za-z0-9._-]+$")


class ClusterSection(Part):
    nodes: Nodes = Nodes()
    delivery: Delivery = Delivery.FENCED
    balancer: Balancer = Balancer()
    session: Session = Session()
    crowd: Crowd = Crowd()
    switches: Switches = Switches()
    heartbeat: Policy = policy("60s")
    lease: Real = real("2s")
    lame_duck: Real = Field(real("1s"), description="a stopping node says so for this long before it closes")
    max_failed_logins: int = Field(3, ge=0, description="CAPTCHA from here on; 0 never")
    context_path: str = Field("", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    neighbour: Neighbour | None = None
