"""A running cluster, and everything that may be done to it from outside.

`start_cluster` starts stores, nodes and balancer side by side: addresses are known before anybody listens, and a node
waits for its Postgres by itself. It ends them in reverse. Faults act on `Cluster` and nothing else.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
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
from shared.errors import HarnessError
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
        )  # type: ignore[call-arg]  # mypy does not see that pydantic's fields have defaults
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
        addresses = {node.id: Address(reserve(), reserve()) for node in spec.nodes}
        name = f"dcsim_{secrets.token_hex(4)}"
        backing = Backing(await stores.postgres.create_database(name), stores.redis_url, redis_namespace=name)
        plan = draw_links(addresses, backing, reserve=reserve) if spec.links else no_links(addresses, backing)
        logs = stack.enter_context(net.directory("logs"))
        cluster = Cluster(
            spec,
            nodes={node.id: NodeHandle(node, addresses[node.id], process(node.id)) for node in spec.nodes},
            balancer=process("balancer"),
            balancer_address=balancer_address,
            relay=process("links"),
            relay_port=reserve(),
            plan=plan,
            programs=programs or Programs(),
            folder=logs,
            client=await stack.enter_async_context(open_admin_client(spec.admin_token)),
        )
        stack.push_async_callback(cluster.close)
        await cluster.boot(stores, progress)
        yield cluster
