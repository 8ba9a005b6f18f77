"""Nodes as the addresses of one DNS name: `tasks.node` in Docker Swarm, a headless service in Kubernetes.

DNS knows addresses and no names of nodes, so each address is asked who it is, in every look: a task that is replaced
may get the address of another one. An address that is known and falls silent keeps its name, unless somebody else now
answers to it, because a node that hangs is a matter for the health checks.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Protocol

from loadbalancer.discovery.identity import Identity, Unnamed
from loadbalancer.discovery.source import Sightings
from shared.errors import DependencyError
from shared.settings import Upstream


class Resolver(Protocol):
    """Looks a name up."""

    async def __call__(self, name: str) -> frozenset[str]:
        """At least one address, all of one family. Raises DependencyError when DNS does not answer or knows none."""
        ...


class SystemResolver:
    """The machine's own way: `/etc/hosts`, search domains and name servers. One lookup at a time, so that name servers
    which do not answer cannot use up the threads that lookups run in."""

    def __init__(self, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._lookup: asyncio.Future[frozenset[str]] | None = None

    async def __call__(self, name: str) -> frozenset[str]:
        if self._lookup is None or self._lookup.done():
            self._lookup = asyncio.ensure_future(_look_up(name))
            self._lookup.add_done_callback(_note)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(self._lookup)
        except TimeoutError as error:
            raise DependencyError(f"DNS did not answer within {self._timeout_s:g} s when asked for {name}") from error


async def _look_up(name: str) -> frozenset[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise DependencyError(f"DNS has no address for {name}: {why}") from error
    return one_family(str(address[0]) for *_, address in found)


def one_family(addresses: Iterable[str]) -> frozenset[str]:
    """The IPv4 addresses, or all when there are none: a node with one of each kind must not count as two nodes."""
    known = frozenset(addresses)
    return frozenset(one for one in known if ipaddress.ip_address(one.partition("%")[0]).version == 4) or known


def _note(lookup: asyncio.Future[frozenset[str]]) -> None:
    """Whoever waited may have given up; that a lookup failed afterwards is nobody's concern."""
    if not lookup.cancelled():
        lookup.exception()


class DnsName:
    """Every address of one name is a node, on one port."""

    lasting = False

    def __init__(self, name: str, port: int, *, resolve: Resolver, identify: Identity) -> None:
        self.words = f"DNS name {name}, port {port}"
        self._name = name
        self._port = port
        self._resolve = resolve
        self._identify = identify
        self._known: dict[str, str] = {}

    async def look(self) -> Sightings:
        addresses = sorted(await self._resolve(self._name))
        answers = await asyncio.gather(*(self._who_is(address) for address in addresses))
        named = dict(zip(addresses, answers, strict=True))
        mistakes = [str(name) for name in answers if isinstance(name, Unnamed)]
        answering = {address: name for address, name in named.items() if isinstance(name, str)}
        chosen, doubles = self._choose(answering)
        silent = {
            address: name
            for address in addresses
            if named[address] is None and (name := self._known.get(address)) and name not in chosen
        }
        self._known = {**answering, **silent}
        chosen |= {name: address for address, name in silent.items()}
        nodes = [Upstream(id=name, host=address, port=self._port) for name, address in sorted(chosen.items())]
        strangers = tuple(address for address in addresses if named[address] is None and address not in silent)
        return Sightings(tuple(nodes), tuple(mistakes + doubles), strangers)

    async def close(self) -> None:
        await self._identify.close()

    def _choose(self, answering: dict[str, str]) -> tuple[dict[str, str], list[str]]:
        """Address by node id; of several that answer to one id the one that had it before, and what to say of that."""
        claims: dict[str, list[str]] = {}
        for address, name in answering.items():
            claims.setdefault(name, []).append(address)
        chosen = {
            name: next((address for address in claimed if self._known.get(address) == name), claimed[0])
            for name, claimed in claims.items()
        }
        doubles = [
            f"{name} is the node id of {' and '.join(claimed)}; only {chosen[name]} gets requests. "
            "Give every task a node id of its own (DCSIM_NODE_ID), and replace tasks in the order stop-first"
            for name, claimed in claims.items()
            if len(claimed) > 1
        ]
        return chosen, doubles

    async def _who_is(self, address: str) -> str | Unnamed | None:
        try:
            return await self._identify(address, self._port)
        except Unnamed as error:
            return error
