"""A running cluster, and everything that may be done to it from outside.

`start_cluster` starts stores, nodes and balancer side by side: addresses are known before anybody listens, and a node
waits for its Postgres by itself. It ends them in reverse. Faults act on `Cluster` and nothing else.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import SecretStr

from compose.cluster.admin_client import AdminClient, open_admin_client
from compose.cluster.links.panel import Links
from compose.cluster.links.plan import LinkPlan, draw_links, no_links
from compose.cluster.links.settings import RelaySettings
from compose.cluster.ports import LOOPBACK, PortReservation
from compose.cluster.processes import ManagedProcess, OnExit, ProcessState
from compose.cluster.programs import Programs, launch_program
from compose.cluster.safety_net import SafetyNet
from compose.cluster.spec import BalancerKind, ClusterSpec, NodeSpec
from compose.cluster.steering import Steering
from compose.cluster.stores import Stores
from compose.cluster.together import together
from compose.cluster.wiring import Address, Backing, balancer_settings, launch_real_balancer, node_settings
from shared.clock import Anchor
from shared.errors import HarnessError, OperatorError
from shared.versions import Version

SERVING_LIMIT_S = 15.0
SERVING_POLL_S = 0.02
_THERE = (ProcessState.UP, ProcessState.PAUSED)

Progress = Callable[[str], None]
"""Told in a few words what has just become ready."""


class NodeHandle:
    """One node: what it is, where it listens, and its process."""

    def __init__(self, spec: NodeSpec, address: Address, process: ManagedProcess) -> None:
        self.spec = spec
        self.address = address
        self.process = process

    @property
    def id(self) -> str:
        return self.spec.id

    @property
    def version(self) -> Version:
        return self.spec.version

    @property
    def url(self) -> str:
        """Where the balancer reaches it, without the context path."""
        return self.address.url

    @property
    def operator_url(self) -> str:
        return self.address.operator_url


@dataclass(frozen=True, slots=True)
class Growth:
    """What a cluster needs for a node that joins it later: a handle with ports of its own, and its links."""

    handle: Callable[[NodeSpec], NodeHandle]
    draw: Callable[[Mapping[str, Address]], LinkPlan]


class Cluster:
    """See the module. Methods that name a node raise OperatorError when there is no such node, and when its process
    is not in a state for what is asked, such as resuming a node that is not paused."""

    def __init__(
        self,
        spec: ClusterSpec,
        *,
        nodes: Mapping[str, NodeHandle],
        balancer: ManagedProcess,
        balancer_address: Address,
        relay: ManagedProcess,
        relay_port: int,
        plan: LinkPlan,
        programs: Programs,
        client: AdminClient,
        folder: Path,
        growth: Growth,
    ) -> None:
        self.spec = spec
        self.nodes = nodes
        self.balancer = balancer
        self.relay = relay
        self.client = client
        self.clock = Steering(client, self.operator_urls)
        self.links = Links(client, f"http://{LOOPBACK}:{relay_port}" if plan.links else None)
        self._balancer_address = balancer_address
        self._relay_port = relay_port
        self._plan = plan
        self._programs = programs
        self._folder = folder
        self._growth = growth

    @property
    def base_url(self) -> str:
        """What users type, context path included."""
        return self._balancer_address.url + self.spec.context_path

    @property
    def balancer_admin_url(self) -> str | None:
        """None when the balancer is not ours and has no operator endpoints."""
        return self._balancer_address.operator_url if self.spec.balancer is BalancerKind.OWN else None

    @property
    def admin_token(self) -> str:
        return self.spec.admin_token

    def operator_urls(self) -> dict[str, str]:
        """Operator URL by name, of every process of ours that runs or is paused, the balancer among them."""
        admin_url = self.balancer_admin_url
        urls = {"balancer": admin_url} if admin_url is not None and self.balancer.state in _THERE else {}
        return urls | {node.id: node.operator_url for node in self.nodes.values() if node.process.state in _THERE}

    def node(self, node_id: str) -> NodeHandle:
        return self.nodes[self.spec.node(node_id).id]

    async def start(self, node_id: str, *, version: Version | None = None) -> None:
        """Starts a node that is down, as another version if one is given, at the policy time the others have."""
        node = self.node(node_id)
        if version is not None:
            node.spec = replace(node.spec, version=version)
        await self._start_node(node, clock=await self.clock.newest())
        await self._links_know()

    async def stop(self, node_id: str) -> None:
        """Politely: running requests may finish. Returns when the node is down."""
        await self.node(node_id).process.stop()
        await self._links_know()

    async def kill(self, node_id: str) -> None:
        """A crash. Returns when the node is down."""
        await self.node(node_id).process.kill()
        await self._links_know()

    async def pause(self, node_id: str) -> None:
        """A hang: the node stands still, its connections stay open."""
        await self.node(node_id).process.pause()

    async def resume(self, node_id: str) -> None:
        """The node wakes with its old beliefs, but not with an old clock: time is not what a hang takes away."""
        await self.node(node_id).process.resume()
        await self.clock.bring_up_to_date(node_id)

    async def restart(self, node_id: str, *, version: Version | None = None) -> None:
        """Stop and start; with a version, an upgrade."""
        await self.stop(node_id)
        await self.start(node_id, version=version)

    def slow_down(self, node_id: str, *, starting_s: float) -> None:
        """From its next start on the node says STARTING for so long (real) beyond what it needs; 0 for no longer."""
        node = self.node(node_id)
        node.spec = replace(node.spec, starting_s=starting_s)

    async def add(self, spec: NodeSpec) -> NodeHandle:
        """A node joins that was never there. Returns when it is ready; the balancer uses it after its first good check.

        Raises OperatorError for an id that is taken, for a node too many, and with a balancer that takes no orders;
        HarnessError when it does not start, and then nothing of it is left.
        """
        self._balancer_that_takes_orders()
        grown = replace(self.spec, nodes=(*self.spec.nodes, spec))
        node = self._growth.handle(spec)
        plan = self._growth.draw({spec.id: node.address})
        if plan.links:
            await self.links.add(plan.links)
        self.spec, self._plan, self.nodes = grown, self._plan.joined(plan), {**self.nodes, spec.id: node}
        try:
            await self._start_node(node, clock=await self.clock.newest())
            await self._links_know()
            await self.client.put_node(
                self._balancer_that_takes_orders(),
                spec.id,
                host=LOOPBACK,
                port=self._plan.upstream_ports[spec.id],
                operator_url=node.operator_url,
            )
        except BaseException:
            await asyncio.shield(self._forget(node))
            raise
        return node

    async def remove(self, node_id: str) -> None:
        """A node leaves for good: it is stopped if it runs, and nobody knows it any more. Its ports stay taken for as
        long as the cluster is there. Raises OperatorError for the last node."""
        node = self.node(node_id)
        replace(self.spec, nodes=self._others(node_id))  # refuses a cluster of nobody, before anything is done
        admin_url = self._balancer_that_takes_orders()
        if node.process.state is not ProcessState.DOWN:
            await node.process.stop()
        await self.client.remove_node(admin_url, node_id)
        await self._forget(node)

    async def restart_balancer(self) -> None:
        """Stops the balancer politely, if it runs, and starts it with the nodes there are now. What it remembered of
        clients, checks and drains is gone; people are refused meanwhile."""
        clock = await self.clock.newest()
        if self.balancer.state is not ProcessState.DOWN:
            await self.balancer.stop()
        await self._start_balancer(clock)

    def _others(self, node_id: str) -> tuple[NodeSpec, ...]:
        return tuple(node for node in self.spec.nodes if node.id != node_id)

    def _balancer_that_takes_orders(self) -> str:
        url = self.balancer_admin_url
        if url is None:
            raise OperatorError(f"the balancer is {self.spec.balancer}, which takes no orders while it runs")
        return url

    async def _forget(self, node: NodeHandle) -> None:
        """What is left of a node that has gone, or never came."""
        await node.process.close()
        for link in self._plan.names_of(node.id):
            await self.links.remove(link)
        self.nodes = {name: one for name, one in self.nodes.items() if name != node.id}
        self._plan = self._plan.without(node.id)
        self.spec = replace(self.spec, nodes=self._others(node.id))

    async def boot(self, stores: Stores, progress: Progress) -> None:
        """Starts everything. Returns when the balancer has found every node ready."""

        async def told(step: Awaitable[object], what: str) -> None:
            await step
            progress(f"{what} ready")

        anchor = self.spec.clock or Anchor.real()
        await together(
            told(stores.ready(), "stores"),
            *([told(self._start_relay(), "links")] if self._plan.links else []),
            told(self._start_balancer(anchor), "balancer"),
            *(told(self._start_node(node, clock=anchor), node.id) for node in self.nodes.values()),
        )
        await self._links_know()
        await self._until_serving()

    async def close(self) -> None:
        """Balancer first, so that nobody is sent to a node that is going; links last, as nodes take their leave."""
        await self.balancer.close()
        await together(*(node.process.close() for node in self.nodes.values()))
        await self.relay.close()

    async def _start_node(self, node: NodeHandle, *, clock: Anchor) -> None:
        backing = self._plan.backings[node.id]
        settings = node_settings(
            self.spec, node.spec, address=node.address, base_url=self.base_url, backing=backing, clock=clock
        )
        await node.process.start(launch_program(self._programs.node, settings, nursery=self._programs.nursery))

    async def _start_balancer(self, clock: Anchor) -> None:
        dialled = {
            node.id: replace(node.address, port=self._plan.upstream_ports[node.id]) for node in self.nodes.values()
        }
        if self.spec.balancer is not BalancerKind.OWN:
            await self.balancer.start(launch_real_balancer(self.spec, self._balancer_address, dialled, self._folder))
            return
        settings = balancer_settings(self.spec, address=self._balancer_address, nodes=dialled, clock=clock)
        await self.balancer.start(launch_program(self._programs.balancer, settings, nursery=self._programs.nursery))

    async def _links_know(self) -> None:
        """A node's port refuses from the moment it is down; so must the link to it, and not a moment later."""
        if self.relay.state is ProcessState.UP:
            await self.links.look()

    async def _start_relay(self) -> None:
        settings = RelaySettings(
            admin_token=SecretStr(self.spec.admin_token), operator_port=self._relay_port, links=self._plan.links
        )
        await self.relay.start(launch_program(self._programs.links, settings, nursery=self._programs.nursery))

    async def _until_serving(self) -> None:
        """Raises HarnessError when the balancer does not find all nodes up in time, naming those that it does not."""
        missing = set(self.nodes)
        try:
            async with asyncio.timeout(SERVING_LIMIT_S):
                while missing:
                    missing = await self._not_up()
                    await asyncio.sleep(SERVING_POLL_S if missing else 0)
        except TimeoutError as error:
            raise HarnessError(
                f"the balancer did not find {', '.join(sorted(missing))} up within {SERVING_LIMIT_S:g} s"
            ) from error

    async def _not_up(self) -> set[str]:
        """Nodes the balancer does not send anybody to yet; of a foreign one we only see whether it serves at all."""
        if self.balancer_admin_url is None:
            return set() if await self.client.is_running(self.base_url) else set(self.nodes)
        status = await self.client.status(self.balancer_admin_url)
        return set(self.nodes) - {node["id"] for node in status["nodes"] if node["takes_new"]}


@asynccontextmanager
async def start_cluster(
    spec: ClusterSpec,
    stores: Stores,
    *,
    net: SafetyNet,
    on_exit: OnExit,
    progress: Progress = lambda _: None,
    programs: Programs | None = None,
) -> AsyncIterator[Cluster]:
    """A cluster for the length of the block, in a database of its own on `stores`.

    `on_exit` is told when a process ends unasked; the cluster goes on without it. Raises OperatorError for a port that
    is in use, before anything of the cluster is started, and HarnessError when a process does not become ready.
    """
    async with AsyncExitStack() as stack:

        def reserve(port: int = 0) -> int:
            return stack.enter_context(PortReservation(port)).port

        def process(name: str) -> ManagedProcess:
            return ManagedProcess(name, log=logs / f"{name}.log", net=net, on_exit=on_exit)

        balancer_address = Address(reserve(spec.port), reserve())

        def new_handle(node: NodeSpec) -> NodeHandle:
            return NodeHandle(node, Address(reserve(), reserve()), process(node.id))

        def draw(addresses: Mapping[str, Address]) -> LinkPlan:
            return draw_links(addresses, backing, reserve=reserve) if spec.links else no_links(addresses, backing)

        name = f"dcsim_{secrets.token_hex(4)}"
        backing = Backing(await stores.postgres.create_database(name), stores.redis_url, redis_namespace=name)
        logs = stack.enter_context(net.directory("logs"))
        nodes = {node.id: new_handle(node) for node in spec.nodes}
        cluster = Cluster(
            spec,
            nodes=nodes,
            balancer=process("balancer"),
            balancer_address=balancer_address,
            relay=process("links"),
            relay_port=reserve(),
            plan=draw({node_id: node.address for node_id, node in nodes.items()}),
            programs=programs or Programs(),
            folder=logs,
            growth=Growth(new_handle, draw),
            client=await stack.enter_async_context(open_admin_client(spec.admin_token)),
        )
        stack.push_async_callback(cluster.close)
        await cluster.boot(stores, progress)
        yield cluster
