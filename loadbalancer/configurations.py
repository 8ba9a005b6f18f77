"""The same cluster behind the real ones: configuration text for HAProxy, nginx and Apache. Nothing here runs them.

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
    loader=PackageLoader("loadbalancer"),
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
    """What any balancer in front of the cluster has to know; real seconds. `folder` takes its pid file and buffers."""

    nodes: tuple[Upstream, ...]
    folder: str
    host: str = "127.0.0.1"
    port: int = 8090
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


def configuration(product: Product, front: Front) -> str:
    """The whole configuration file. Raises OperatorError for what that product cannot do."""
    if product is Product.APACHE and front.sticky is Sticky.SOURCE:
        raise OperatorError("Apache's balancer cannot stick to a source address; choose cookie, jvm-route or none")
    return _TEMPLATES.get_template(_FILES[product]).render(front=front, sticky=front.sticky.value, nodes=front.nodes)
