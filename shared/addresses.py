"""Which of this machine's addresses is meant: for a container that only learns its address when it starts.

A host to listen on may be written as a network, such as 10.42.1.0/24; then it is this machine's own address there, and
a program that stands in several networks is reached through that one alone. No packet is sent to find it out.
"""

import ipaddress
import socket
from contextlib import suppress

from shared.errors import OperatorError

_ANYWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that nobody has; the way to them is the default route."""


def own_address(host: str) -> str:
    """`host` itself, or this machine's address in the network that it is.

    Raises OperatorError for a network that is none, or that this machine is not in.
    """
    if "/" not in host:
        return host
    try:
        network = ipaddress.ip_network(host, strict=False)
    except ValueError as error:
        raise OperatorError(f"{host} is no network to listen in; expected such as 10.42.1.0/24") from error
    towards = network.network_address if network.num_addresses == 1 else network.network_address + 1
    found = _source_address(str(towards))
    if found is None or ipaddress.ip_address(found) not in network:
        raise OperatorError(f"this machine has no address in {host}; it must be in that network to listen there")
    return found


def reachable_address(host: str) -> str:
    """Where others reach what listens on `host`. For all addresses at once it is the one with the default route, or
    else the one that this machine's own name stands for."""
    host = own_address(host)
    if host not in ("0.0.0.0", "::"):
        return host
    family = socket.AF_INET6 if host == "::" else socket.AF_INET
    return _source_address(_ANYWHERE[family]) or _address_of_own_name(family) or socket.gethostname()


def _source_address(towards: str) -> str | None:
    """The address from which this machine would write there; None when it knows no way."""
    family = socket.AF_INET6 if ":" in towards else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock, suppress(OSError):
        sock.connect((towards, 9))
        return str(sock.getsockname()[0])
    return None


def _address_of_own_name(family: int) -> str | None:
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, family, socket.SOCK_STREAM):
            if not ipaddress.ip_address(str(address[0])).is_loopback:
                return str(address[0])
    return None
