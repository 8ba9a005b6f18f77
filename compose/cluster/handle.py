"""A running cluster, and everything that may be done to it from outside.

`start_cluster` starts stores, nodes and balancer side by side: addresses are known before anybody listens, and a node
waits for its Postgres by itself. It ends them in reverse. Faults act on `Cluster` and nothing else. Whether its parts
are child processes or containers is the site's affair (`site.py`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import SecretStr

from compose.cluster.admin_client import AdminClient, open_admin_client
from compose.cluster.links.settings import RelaySettings
from compose.cluster.local_site import local_sites
from compose.cluster.processes import ManagedProcess, OnExit, ProcessState
from compose.cluster.programs import Programs
from compose.cluster.safety_net import SafetyNet
from compose.cluster.site import OpenSite, Part, Site
from compose.cluster.spec import BalancerKind, ClusterSpec, NodeSpec
from compose.cluster.steering import Steering
from compose.cluster.stores import Stores
from compose.cluster.together import together
from compose.cluster.wiring import Address, balancer_settings, node_settings
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


class Cluster:
    """See the module. Methods that name a node raise OperatorError when there is no such node, and when its process
    is not in a state for what is asked, such as resuming a node that is not paused."""

    def __init__(self, spec: ClusterSpec, site: Site, client: AdminClient) -> None:
        self.spec = spec
        self.nodes = {
            node.id: NodeHandle(node, site.layout.nodes[node.id], site.process(Part.NODE, node.id))
            for node in spec.nodes
        }
        self.balancer = site.process(Part.BALANCER, "balancer")
        self.relay = site.process(Part.RELAY, "links")
        self.client = client
        self.clock = Steering(client, self.operator_urls)
        self.links = site.links(site.layout.relay.operator_url if site.layout.plan.links else None)
        self._site = site
        self._balancer_address = site.layout.balancer
        self._plan = site.layout.plan

    @property
    def base_url(self) -> str:
        """What users type, context path included."""
        return self._balancer_address.url + self.spec.context_path

    @property
    def balancer_admin_url(self) -> str | None:
        """None when the balancer is not ours and has no operator endpoints."""
        return self._balancer_address.operator_url if self.spec.balancer is BalancerKind.OWN else None

    @property
    def log_folder(self) -> Path:
        """Where each program's log is, NAME.log, for as long as the cluster is there."""
        return self._site.folder

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

    async def slow_loop(self, node_id: str, *, block_ms: int, every_ms: int) -> None:
        """The node's event loop stands still for real `block_ms` again and again, from beginning to beginning
        `every_ms`. It heals with `heal_loop`, or when the node ends."""
        await self.client.slow_loop(self.node(node_id).operator_url, block_ms=block_ms, every_ms=every_ms)

    async def heal_loop(self, node_id: str) -> int:
        """Returns how often the loop stood still."""
        return await self.client.heal_loop(self.node(node_id).operator_url)

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
        replace(self.spec, nodes=(*self.spec.nodes, spec))  # refuses a cluster that cannot be, before anything is done
        address, plan = self._site.grow(spec)
        node = NodeHandle(spec, address, self._site.process(Part.NODE, spec.id))
        if plan.links:
            await self.links.add(plan.links)
        self.spec = replace(self.spec, nodes=(*self.spec.nodes, spec))
        self._plan, self.nodes = self._plan.joined(plan), {**self.nodes, spec.id: node}
        try:
            await self._start_node(node, clock=await self.clock.newest())
            await self._links_know()
            (upstream,) = plan.upstreams
            await self.client.put_node(self._balancer_that_takes_orders(), upstream)
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

    async def boot(self, progress: Progress) -> None:
        """Starts everything. Returns when the balancer has found every node ready."""

        async def told(step: Awaitable[object], what: str) -> None:
            await step
            progress(f"{what} ready")

        anchor = self.spec.clock or Anchor.real()
        await together(
            told(self._site.stores_ready(), "stores"),
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
        await node.process.start(self._site.launch(Part.NODE, node.id, settings))

    async def _start_balancer(self, clock: Anchor) -> None:
        if self.spec.balancer is not BalancerKind.OWN:
            await self.balancer.start(self._site.launch_real_balancer(self.spec))
            return
        settings = balancer_settings(
            self.spec, address=self._balancer_address, upstreams=self._plan.upstreams, clock=clock
        )
        await self.balancer.start(self._site.launch(Part.BALANCER, "balancer", settings))

    async def _links_know(self) -> None:
        """A node's port refuses from the moment it is down; so must the link to it, and not a moment later."""
        if self.relay.state is ProcessState.UP:
            down = [node.id for node in self.nodes.values() if node.process.state is ProcessState.DOWN]
            await self.links.look(gone=[f"balancer->{node_id}" for node_id in down])

    async def _start_relay(self) -> None:
        seat = self._site.layout.relay.seat
        settings = RelaySettings(
            admin_token=SecretStr(self.spec.admin_token),
            host=seat.host,
            operator_host=seat.operator_host,
            operator_port=seat.operator_port,
            links=self._plan.links,
        )
        await self.relay.start(self._site.launch(Part.RELAY, "links", settings))

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
    """A cluster of child processes for the length of the block, in a database of its own on `stores`.

    `on_exit` is told when a process ends unasked; the cluster goes on without it. Errors as in `start_cluster_at`.
    """
    async with start_cluster_at(
        local_sites(stores, net=net, on_exit=on_exit, programs=programs), spec, progress=progress
    ) as cluster:
        yield cluster


@asynccontextmanager
async def start_cluster_at(
    open_site: OpenSite, spec: ClusterSpec, *, progress: Progress = lambda _: None
) -> AsyncIterator[Cluster]:
    """A cluster at a site of its own for the length of the block.

    Raises OperatorError for a port that is in use, before anything of the cluster is started, and HarnessError when a
    part of it does not become ready.
    """
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_admin_client(spec.admin_token))
        site = await stack.enter_async_context(open_site(spec, client))
        cluster = Cluster(spec, site, client)
        stack.push_async_callback(cluster.close)
        await cluster.boot(progress)
        yield cluster
