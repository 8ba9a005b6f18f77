"""The networks of a cluster, and who has which address on them. Addresses are fixed, so that whoever comes back after a
cut or a restart is where he was; that takes subnets of our own choosing."""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from docker.types import IPAMConfig, IPAMPool

from compose.cluster.docker.engine import Engine
from compose.cluster.spec import MAX_NODES
from shared.errors import HarnessError, OperatorError

PREFIX_LENGTH = 26
"""Of each network: 62 addresses, for MAX_NODES nodes and the few others."""
TRIES = 5
"""How often a subnet is chosen; another program may take the one we have just been told is free."""
_STORE, _RELAY, _BALANCER, _FIRST_NODE = 2, 3, 4, 10

assert _FIRST_NODE + MAX_NODES < 2 ** (32 - PREFIX_LENGTH) - 1


class Net(StrEnum):
    """See the package."""

    FRONT = "front"
    BUS = "bus"
    DB = "db"
    CTL = "ctl"


@dataclass(frozen=True, slots=True)
class Network:
    """One network in the engine."""

    id: str
    name: str
    subnet: ipaddress.IPv4Network

    def address(self, number: int) -> str:
        return str(self.subnet[number])

    @property
    def store(self) -> str:
        return self.address(_STORE)

    @property
    def relay(self) -> str:
        return self.address(_RELAY)

    @property
    def balancer(self) -> str:
        return self.address(_BALANCER)

    def node(self, index: int) -> str:
        """Of the node that is the `index`-th of its cluster, counted from 0."""
        return self.address(_FIRST_NODE + index)


@dataclass(frozen=True, slots=True)
class Place:
    """A container's place on one network. `aliases` are the names it has there, for people."""

    network: Network
    address: str
    aliases: tuple[str, ...]


class Networks:
    """Makes the networks of one run, out of one range of addresses that the engine calls free."""

    def __init__(self, engine: Engine, labels: Mapping[str, str]) -> None:
        self._engine = engine
        self._labels = dict(labels)
        self._subnets: Iterator[ipaddress.IPv4Network] = iter(())

    async def create(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> Network:
        """`internal`: with no way out, not even to what is published. Raises OperatorError when the engine has no
        range of addresses left."""
        for _ in range(TRIES):
            subnet = next(self._subnets, None)
            if subnet is None:
                self._subnets = await self._free_range(name)
                continue
            try:
                made = await self._create(name, internal=internal, labels=labels, subnet=subnet)
            except HarnessError as error:
                if "overlap" not in str(error):
                    raise
                self._subnets = iter(())
                continue
            return Network(str(made["Id"]), name, subnet)
        raise HarnessError(f"the Docker engine has found no free range of addresses for {name} in {TRIES} tries")

    async def _free_range(self, name: str) -> Iterator[ipaddress.IPv4Network]:
        """The engine knows its own networks and the machine's routes: has it choose a range, and divides that."""
        try:
            made = await self._create(f"{name}-probe", internal=True, labels={}, subnet=None)
        except HarnessError as error:
            if "address pool" not in str(error):
                raise
            raise OperatorError(
                f"{error}; remove networks nobody uses (docker network prune), or what killed runs left (dcsim clean)"
            ) from error
        api = self._engine.api
        try:
            described: Mapping[str, Any] = await self._engine.call(
                "describe a network", api.inspect_network, made["Id"]
            )
        finally:
            await self._engine.call("remove a network", api.remove_network, made["Id"])
        ranges = [ipaddress.ip_network(config["Subnet"]) for config in described["IPAM"]["Config"]]
        first = next(one for one in ranges if isinstance(one, ipaddress.IPv4Network))
        return first.subnets(new_prefix=max(PREFIX_LENGTH, first.prefixlen))

    async def _create(
        self, name: str, *, internal: bool, labels: Mapping[str, str], subnet: ipaddress.IPv4Network | None
    ) -> Mapping[str, Any]:
        ipam = None if subnet is None else IPAMConfig(pool_configs=[IPAMPool(subnet=str(subnet))])
        made: Mapping[str, Any] = await self._engine.call(
            f"make the network {name}",
            self._engine.api.create_network,
            name,
            driver="bridge",
            ipam=ipam,
            internal=internal,
            labels={**self._labels, **labels},
        )
        return made
