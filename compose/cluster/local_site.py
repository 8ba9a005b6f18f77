"""A cluster's place on this machine: child processes on loopback, and a database of its own on given stores."""

import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from compose.cluster.admin_client import AdminClient
from compose.cluster.links.panel import Links
from compose.cluster.links.plan import LinkPlan, draw_links, no_links
from compose.cluster.ports import PortReservation
from compose.cluster.processes import Launch, ManagedProcess, OnExit
from compose.cluster.programs import OurSettings, Programs, launch_program
from compose.cluster.safety_net import SafetyNet
from compose.cluster.site import Layout, OpenSite, Part, Site
from compose.cluster.spec import ClusterSpec, NodeSpec
from compose.cluster.stores import Stores
from compose.cluster.wiring import Address, Backing, launch_real_balancer

RoomFor = Callable[[Sequence[NodeSpec]], tuple[dict[str, Address], LinkPlan]]


@dataclass(frozen=True)
class LocalSite:
    """See `site.Site`. `folder` holds the logs and goes with the cluster."""

    layout: Layout
    stores: Stores
    programs: Programs
    folder: Path
    client: AdminClient
    net: SafetyNet
    on_exit: OnExit
    room_for: RoomFor

    def grow(self, node: NodeSpec) -> tuple[Address, LinkPlan]:
        addresses, plan = self.room_for((node,))
        return addresses[node.id], plan

    def process(self, _part: Part, name: str) -> ManagedProcess:
        return ManagedProcess(name, log=self.folder / f"{name}.log", net=self.net, on_exit=self.on_exit)

    def launch(self, part: Part, _name: str, settings: OurSettings) -> Launch:
        module = {
            Part.NODE: self.programs.node,
            Part.BALANCER: self.programs.balancer,
            Part.RELAY: self.programs.links,
        }[part]
        return launch_program(module, settings, nursery=self.programs.nursery)

    def launch_real_balancer(self, spec: ClusterSpec) -> Launch:
        return launch_real_balancer(spec, self.layout.balancer, self.layout.plan.upstreams, self.folder)

    def links(self, url: str | None) -> Links:
        return Links(self.client, url)

    async def stores_ready(self) -> None:
        await self.stores.ready()


def local_sites(stores: Stores, *, net: SafetyNet, on_exit: OnExit, programs: Programs | None = None) -> OpenSite:
    """Places for clusters that share these stores, each in a database of its own."""

    @asynccontextmanager
    async def open_site(spec: ClusterSpec, client: AdminClient) -> AsyncIterator[Site]:
        with ExitStack() as stack:

            def reserve(port: int = 0) -> int:
                return stack.enter_context(PortReservation(port)).port

            balancer = Address(reserve(spec.port), reserve())
            name = f"dcsim_{secrets.token_hex(4)}"
            backing = Backing(await stores.postgres.create_database(name), stores.redis_url, redis_namespace=name)

            def room_for(some: Sequence[NodeSpec]) -> tuple[dict[str, Address], LinkPlan]:
                addresses = {node.id: Address(reserve(), reserve()) for node in some}
                return addresses, (
                    draw_links(addresses, backing, reserve=reserve) if spec.links else no_links(addresses, backing)
                )

            nodes, plan = room_for(spec.nodes)
            port = reserve()
            layout = Layout(balancer, nodes, Address(port, port), plan)
            folder = stack.enter_context(net.directory("logs"))
            yield LocalSite(layout, stores, programs or Programs(), folder, client, net, on_exit, room_for)

    return open_site
