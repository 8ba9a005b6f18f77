"""The operator endpoints of nodes that come and go: one DNS name for all, as Docker Swarm and Kubernetes have it.

DNS says where nodes are, and each is asked who it is. One that does not answer goes by its address, so that it is shown
as silent and not left out.
"""

import json
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN
from shared.errors import HarnessError, OperatorError

_DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ANSWER_LIMIT_S = 2.0
ASKED_AT_ONCE = 16


def operators_in_dns(name_and_port: str, token: str) -> dict[str, str]:
    """Operator URL by node id. Raises OperatorError for what is no name with a port, HarnessError when DNS has none."""
    name, _, port = name_and_port.rpartition(":")
    if not name or not port.isascii() or not port.isdigit():
        raise OperatorError(f"{name_and_port!r} is no name with a port; expected such as node.ctl:8081")
    try:
        found = socket.getaddrinfo(name, int(port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HarnessError(f"DNS has no address for {name}, where the nodes should be: {error}") from error
    addresses = sorted({str(address[0]) for *_, address in found})
    hosts = [f"[{address}]" if ":" in address else address for address in addresses]
    with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
        names = list(pool.map(lambda host: _node_at(f"http://{host}:{port}", token), hosts))
    return {name or host: f"http://{host}:{port}" for name, host in zip(names, hosts, strict=True)}


def _node_at(url: str, token: str) -> str | None:
    request = urllib.request.Request(f"{url}{OPERATOR_PREFIX}/status", headers={OPERATOR_TOKEN: token})
    try:
        with _DIRECTLY.open(request, timeout=ANSWER_LIMIT_S) as answer:
            return str(json.loads(answer.read())["node"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
