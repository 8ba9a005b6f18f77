"""A cluster's place in a Docker engine: four networks of its own, and a container for each of its parts."""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from compose.cluster.admin_client import AdminClient, Silent
from compose.cluster.docker.container import ContainerPlan, ManagedContainer
from compose.cluster.docker.labels import CLUSTER, PART
from compose.cluster.docker.links import ContainerLinks
from compose.cluster.docker.networks import Net, Network, Place
from compose.cluster.docker.polling import Polled, says
from compose.cluster.docker.run import Run
from compose.cluster.docker.stores import POSTGRES_PORT, REDIS_PORT, ContainerStores
from compose.cluster.links.panel import Links
from compose.cluster.links.plan import LinkPlan, RelayHosts, dialled_at, draw_links, no_links
from compose.cluster.ports import PortReservation
from compose.cluster.processes import Launch, ManagedProcess
from compose.cluster.programs import STOP_EXTRA_S, OurSettings
from compose.cluster.site import Layout, OpenSite, Part, Site
from compose.cluster.spawn import Command
from compose.cluster.spec import MAX_NODES, BalancerKind, ClusterSpec, NodeSpec
from compose.cluster.stores import Stores
from compose.cluster.wiring import Address, Backing, Seat
from shared.contract import NodeState
from shared.errors import DcsimError, OperatorError

HTTP_PORT, OPERATOR_PORT, FIRST_LINK_PORT = 8080, 8081, 7001
"""Inside every container."""
START_LIMIT_S = 60.0
EVERYWHERE = "0.0.0.0"

Places = dict[str, dict[Net, Place]]
RoomFor = Callable[[Sequence[NodeSpec]], tuple[Places, dict[str, Address], LinkPlan]]


class DockerSite:
    """See `site.Site`."""

    def __init__(
        self,
        run: Run,
        name: str,
        *,
        layout: Layout,
        places: Places,
        room_for: RoomFor,
        stores: Stores,
        folder: Path,
        client: AdminClient,
        context_path: str,
    ) -> None:
        self.layout = layout
        self.folder = folder
        self._room_for = room_for
        self._joined: dict[str, Address] = {}
        self._run = run
        self._name = name
        self._places = places
        self._stores = stores
        self._client = client
        self._context_path = context_path
        self._containers: dict[str, ManagedContainer] = {}
        self._panel = ContainerLinks(
            client,
            layout.relay.operator_url if layout.plan.links else None,
            run=run,
            container_name=lambda name: self._containers[name].plan.name,
            places=places,
        )
        self._telling: set[asyncio.Task[None]] = set()

    def grow(self, node: NodeSpec) -> tuple[Address, LinkPlan]:
        places, addresses, plan = self._room_for((node,))
        self._places.update(places)
        self._joined.update(addresses)
        return addresses[node.id], plan

    def process(self, part: Part, name: str) -> ManagedProcess:
        places = self._places[name]
        address = self._address(part, name)
        published = {OPERATOR_PORT: address.operator_port}
        if part is not Part.RELAY:
            published[HTTP_PORT] = address.port
        plan = ContainerPlan(
            self._run.name(self._name, name),
            self._run.images.ours,
            [places[Net.CTL], *(place for net, place in places.items() if net is not Net.CTL)],
            published,
            {CLUSTER: self._name, PART: name},
        )
        on_death = partial(self._node_died, name) if part is Part.NODE and self.layout.plan.links else _nobody_minds
        container = ManagedContainer(self._run, plan, title=name, log=self.folder / f"{name}.log", on_death=on_death)
        self._containers[name] = container
        return container

    def launch(self, part: Part, name: str, settings: OurSettings) -> Launch:
        return Launch(
            Command((part.value,), settings.to_environment()),
            readiness=lambda _log: Polled(lambda: self._is_ready(part, name)),
            start_limit_s=START_LIMIT_S + getattr(settings, "starting_s", 0.0),
            stop_limit_s=settings.stop_grace_s + getattr(settings, "lame_duck_s", 0.0) + STOP_EXTRA_S,
            spawn=self._containers[name].spawn,
        )

    def launch_real_balancer(self, spec: ClusterSpec) -> Launch:
        raise _no_real_balancer(spec)

    def links(self, url: str | None) -> Links:
        assert url == (self.layout.relay.operator_url if self.layout.plan.links else None)
        return self._panel

    async def stores_ready(self) -> None:
        await self._stores.ready()

    async def _is_ready(self, part: Part, name: str) -> bool:
        url = self._address(part, name).operator_url
        try:
            if part is Part.RELAY:
                await self._client.links(url)
                return True
            status = await self._client.status(url)
        except Silent:
            return False
        if part is Part.NODE:
            return bool(status["state"] == NodeState.RUNNING)
        question = f"GET {self._context_path}/status HTTP/1.1\r\nHost: dcsim\r\nConnection: close\r\n\r\n"
        return await says(self.layout.balancer.port, question.encode(), b"HTTP/1.1")

    def _node_died(self, name: str) -> None:
        """The relay is told at once, also when nobody here had killed it: at the address of a container that is gone
        nobody refuses, so whoever the balancer sends there would wait."""

        async def tell() -> None:
            with suppress(DcsimError):
                await self._panel.look(gone=[f"balancer->{name}"])

        task = asyncio.get_running_loop().create_task(tell())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def _address(self, part: Part, name: str) -> Address:
        others = {Part.BALANCER: self.layout.balancer, Part.RELAY: self.layout.relay}
        return others.get(part) or self._joined.get(name) or self.layout.nodes[name]


def _nobody_minds() -> None:
    return


def docker_sites(run: Run, stores: ContainerStores, *, name: str) -> OpenSite:
    """The place for a cluster that is called `name` among those of its run, in a database of its own."""

    @asynccontextmanager
    async def open_site(spec: ClusterSpec, client: AdminClient) -> AsyncIterator[Site]:
        if spec.balancer is not BalancerKind.OWN:
            raise _no_real_balancer(spec)
        async with AsyncExitStack() as stack:

            def reserve(port: int = 0) -> int:
                reservation = stack.enter_context(PortReservation(port))
                reservation.hand_over()
                return reservation.port

            networks = await _networks(run, name)
            await stores.join(networks[Net.DB], networks[Net.BUS])
            database = f"dcsim_{secrets.token_hex(4)}"
            backing = await _backing(stores.stores, database, networks)
            hosts = RelayHosts(*(networks[net].relay for net in (Net.FRONT, Net.DB, Net.BUS)))
            link_ports = itertools.count(FIRST_LINK_PORT)
            node_numbers = itertools.count()

            def room_for(some: Sequence[NodeSpec]) -> tuple[Places, dict[str, Address], LinkPlan]:
                places = {node.id: _node_places(node, networks, next(node_numbers)) for node in some}
                addresses = {name: Address(reserve(), reserve(), _seat(where)) for name, where in places.items()}
                if not spec.links:
                    return places, addresses, no_links(addresses, backing)
                plan = draw_links(addresses, backing, reserve=lambda: next(link_ports), relay=hosts)
                return places, addresses, plan

            places, nodes, plan = room_for(spec.nodes)
            places |= _other_places(networks)
            balancer = Address(reserve(spec.port), reserve(), _seat(places["balancer"]))
            relay = Address(reserve(), reserve(), _seat(places["links"]))
            yield DockerSite(
                run,
                name,
                layout=Layout(balancer, nodes, relay, plan),
                places=places,
                room_for=room_for,
                stores=stores.stores,
                folder=stack.enter_context(run.net.directory("logs")),
                client=client,
                context_path=spec.context_path,
            )

    return open_site


def _no_real_balancer(spec: ClusterSpec) -> OperatorError:
    return OperatorError(f"{spec.balancer} is run as it is installed here, not in a container; leave out --balancer")


async def _networks(run: Run, name: str) -> dict[Net, Network]:
    """One after the other: they are cut out of one range. Only `ctl` leads out, and so carries what is published."""
    labels = {CLUSTER: name}
    return {
        net: await run.networks.create(run.name(name, net), internal=net is not Net.CTL, labels=labels) for net in Net
    }


def _other_places(networks: dict[Net, Network]) -> Places:
    """Without links the balancer dials nodes, and nodes their stores, on the same networks."""
    return {
        "balancer": {net: _on(networks, net, "balancer", networks[net].balancer) for net in (Net.FRONT, Net.CTL)},
        "links": {net: _on(networks, net, "links", networks[net].relay) for net in Net},
    }


def _node_places(node: NodeSpec, networks: dict[Net, Network], index: int) -> dict[Net, Place]:
    """Raises OperatorError when the networks are full: addresses of nodes that have left are not given again."""
    if index >= MAX_NODES:
        raise OperatorError(
            f"a cluster in containers has room for {MAX_NODES} nodes in its life, and {node.id} is one more"
        )
    return {net: _on(networks, net, node.id, networks[net].node(index)) for net in Net}


def _on(networks: dict[Net, Network], net: Net, who: str, address: str) -> Place:
    return Place(networks[net], address, (f"{who}.{net}",))


def _seat(places: dict[Net, Place]) -> Seat:
    """Users come over `front`, or over `ctl` if they come through a published port; operators over `ctl` only."""
    front, ctl = places[Net.FRONT].address, places[Net.CTL].address
    return Seat(EVERYWHERE, HTTP_PORT, ctl, OPERATOR_PORT, front, ctl)


async def _backing(stores: Stores, database: str, networks: dict[Net, Network]) -> Backing:
    """The stores as this cluster's nodes or relay dial them: past what is published, at their addresses inside."""
    postgres_url = await stores.postgres.create_database(database)
    return Backing(
        dialled_at(postgres_url, networks[Net.DB].store, POSTGRES_PORT),
        dialled_at(stores.redis_url, networks[Net.BUS].store, REDIS_PORT),
        redis_namespace=database,
    )
