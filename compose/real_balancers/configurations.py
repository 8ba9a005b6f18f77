"""The same cluster behind the real ones: configuration text for HAProxy, nginx and Apache. `launch` runs the installed.

For those who want to see a drill with the product they run at home. Each text says in comments what it cannot do that
ours does, because a comparison that hides this is none. The texts are templates beside this file.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from jinja2 import Environment, PackageLoader, StrictUndefined

from shared import contract
from shared.errors import OperatorError
from shared.settings import Sticky, Upstream

_TEMPLATES = Environment(
    loader=PackageLoader("compose.real_balancers"),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # no HTML: settings have patterns of their own
)
_TEMPLATES.filters["milliseconds"] = lambda seconds: f"{round(seconds * 1000)}ms"
_TEMPLATES.filters["pattern"] = re.escape


class Product(StrEnum):
    """Whose configuration."""

    HAPROXY = "haproxy"
    NGINX = "nginx"
    APACHE = "apache"


_FILES = {Product.HAPROXY: "haproxy.cfg", Product.NGINX: "nginx.conf", Product.APACHE: "apache.conf"}


@dataclass(frozen=True, slots=True)
class Front:
    """What any balancer in front of the cluster has to know; real seconds. `folder` takes its pid file and buffers,
    `reuse_port` says that the port is reserved by whoever starts it."""

    nodes: tuple[Upstream, ...]
    folder: str
    host: str = "127.0.0.1"
    port: int = 8090
    reuse_port: bool = False
    sticky: Sticky = Sticky.COOKIE
    route_cookie: str = contract.ROUTE_COOKIE
    session_cookie: str = contract.SESSION_COOKIE
    context_path: str = ""
    health_path: str = "/status"
    health_interval_s: float = 0.5
    health_timeout_s: float = 1.0
    health_fall: int = 2
    health_rise: int = 1

    def __post_init__(self) -> None:
        if not self.nodes:
            raise OperatorError("a balancer needs at least one node to be configured for")


ADVICE = """\
# What Atlassian documents for the balancer of a Jira Data Center cluster, whichever product it is:
# - Sticky sessions are mandatory, since web sessions are not replicated between nodes. A cookie is recommended over the
#   source address, and it should be a browser-session cookie.
# - With jvm-route: Tomcat's -DjvmRoute, jira.node.id in cluster.properties and the node's name here must agree, or
#   users are sent back to the login page again and again.
# - Ask /status and read the body: STARTING and STOPPING also answer 200, only RUNNING is ready.
# - When a node fails its users are sent to another one and must log in again, unless they ticked "Remember me".
# - Take a node out here before you stop it; there is no hand-over of sessions.
"""
"""Comments for somebody's real cluster (sources: reference jira.md 7)."""


def product_named(name: str) -> Product:
    """Raises OperatorError for a name that is none of ours."""
    if name not in set(Product):
        raise OperatorError(f"{name!r} is no balancer we write for; there are {', '.join(Product)}")
    return Product(name)


def configuration(product: Product, front: Front) -> str:
    """The whole configuration file. Raises OperatorError for what that product cannot do."""
    if product is Product.APACHE and front.sticky is Sticky.SOURCE:
        raise OperatorError("Apache's balancer cannot stick to a source address; choose cookie, jvm-route or none")
    return _TEMPLATES.get_template(_FILES[product]).render(front=front, sticky=front.sticky.value, nodes=front.nodes)
