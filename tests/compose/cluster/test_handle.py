"""A cluster of small stand-in programs: started, broken, mended, ended."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest

from compose.cluster import handle, local_site
from compose.cluster.handle import start_cluster
from compose.cluster.processes import ProcessState
from compose.cluster.programs import Programs
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.stores import Stores
from compose.cluster.warm_start import Nursery
from shared.clock import Anchor
from shared.errors import HarnessError, OperatorError
from shared.versions import JIRA_9_10, Version
from tests.support.children import is_alive
from tests.support.eventually import eventually

NODE, BALANCER = "tests.support.stand_in_node", "tests.support.stand_in_balancer"
START = Anchor(0, 1_772_442_000_000, 0, 0)


class NoPostgres:
    """Databases nobody asks for anything: the stand-ins read the URL and leave it alone."""

    async def create_database(self, name: str) -> str:
        return f"postgresql://nobody/{name}"

    async def ready(self) -> None:
        return


@pytest.fixture
def start(warm):
    """Starts a cluster; `told` collects what its caller is told."""

    @asynccontextmanager
    async def start(*, nodes=2, told=None, **spec):
        told = [] if told is None else told
        async with (
            spread_safety_net() as net,
            start_cluster(
                ClusterSpec(numbered_nodes(nodes), clock=START, **spec),
                Stores(NoPostgres(), "redis://nobody"),
                net=net,
                on_exit=lambda exit_: told.append(str(exit_)),
                progress=told.append,
                programs=Programs(NODE, BALANCER, Nursery(warm)),
            ) as cluster,
        ):
            yield cluster

    return start


async def get(url: str) -> dict:
    async with aiohttp.request("GET", url) as answer:
        assert answer.status == 200
        return await answer.json()


async def test_a_cluster_serves_from_its_first_moment_to_its_last(start):
    """On its base URL, each node on its own; everybody who waited was told what was ready."""
    told = []
    async with start(context_path="/jira", told=told) as cluster:
        assert sorted(told) == ["balancer ready", "links ready", "node-1 ready", "node-2 ready", "stores ready"]
        assert (await get(f"{cluster.base_url}/status"))["state"] == "RUNNING"
        for node in cluster.nodes.values():
            assert (await get(f"{node.url}/jira/status"))["version"] == "9.11"
            assert (await cluster.client.status(node.operator_url))["state"] == "RUNNING"
        pids = [node.process.pid for node in cluster.nodes.values()] + [cluster.balancer.pid, cluster.relay.pid]

    assert not any(map(is_alive, pids))
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(f"{cluster.base_url}/status")


async def test_a_killed_node_comes_back_where_it_was(start):
    """On the same port, as another version if that is wanted, and at the policy time of the others."""
    async with start() as cluster:
        node = cluster.node("node-1")
        await cluster.kill("node-1")
        with pytest.raises(aiohttp.ClientConnectorError):
            await get(f"{node.url}/status")
        await cluster.clock.step(by_ms=900_000)

        await cluster.start("node-1", version=JIRA_9_10)

        assert (await get(f"{node.url}/status"))["version"] == "9.10"
        assert (node.version, cluster.node("node-2").version) == (JIRA_9_10, Version(9, 11))
        assert (await cluster.clock.read())["node-1"].now_ms == START.policy_ms + 900_000


async def test_a_restart_may_be_an_upgrade(start):
    """The node stops politely and comes back as what it was told to be."""
    async with start() as cluster:
        await cluster.restart("node-2", version=Version(10, 3))

        assert (await get(f"{cluster.node('node-2').url}/status"))["version"] == "10.3"


async def test_a_paused_node_misses_a_jump_and_is_told_of_it_when_it_wakes(start):
    """A hang takes away what a node knows of others, but not the time."""
    async with start() as cluster:
        await cluster.pause("node-2")
        steered = await cluster.clock.step(by_ms=900_000)
        assert steered.late == ("node-2",)

        await cluster.resume("node-2")

        readings = await cluster.clock.read()
        assert {reading.now_ms for reading in readings.values()} == {START.policy_ms + 900_000}


async def test_a_node_that_is_down_is_not_steered(start):
    """Only who runs can be late for the clock."""
    async with start() as cluster:
        await cluster.stop("node-2")

        assert sorted(cluster.operator_urls()) == ["balancer", "node-1"]
        assert (await cluster.clock.step(by_ms=1)).late == ()


async def test_a_node_that_ends_unasked_is_told_and_the_rest_goes_on(start):
    """It can be started again."""
    told = []
    async with start(told=told) as cluster:
        cluster.node("node-2").process._signal(9)
        await eventually(lambda: "node-2 was ended by SIGKILL" in told)

        assert (await get(f"{cluster.base_url}/status"))["state"] == "RUNNING"
        await cluster.start("node-2")


async def test_one_node_that_does_not_start_ends_them_all(start, monkeypatch):
    """The error names it and quotes it; nothing of the others is left."""
    monkeypatch.setenv("STAND_IN_FAILS", "node-2")
    processes = []

    class Noted(local_site.ManagedProcess):
        def __init__(self, *given, **more):
            super().__init__(*given, **more)
            processes.append(self)

    monkeypatch.setattr(local_site, "ManagedProcess", Noted)

    with pytest.raises(HarnessError, match=r"(?s)node-2 ended with exit code 1 before it was ready.*no luck today"):
        async with start():
            raise AssertionError("must not get here")

    assert {process.state for process in processes} == {ProcessState.DOWN}
    assert len(processes) == 4


async def test_a_balancer_that_finds_nobody_is_an_error(start, monkeypatch):
    """A cluster nobody can reach is not ready; the nodes that are missing are named."""
    monkeypatch.setenv("STAND_IN_FINDS_NOBODY", "1")
    monkeypatch.setattr(handle, "SERVING_LIMIT_S", 0.2)

    with pytest.raises(HarnessError, match="the balancer did not find node-1, node-2 up"):
        async with start():
            raise AssertionError("must not get here")


async def test_a_store_that_does_not_start_is_the_error_people_see(start, monkeypatch):
    """Whatever else fails because of it."""

    async def never(_self) -> None:
        raise HarnessError("initdb ended with exit code 1")

    monkeypatch.setattr(NoPostgres, "ready", never)

    with pytest.raises(HarnessError, match="initdb ended"):
        async with start():
            raise AssertionError("must not get here")


async def test_a_node_that_does_not_exist_is_answered_with_those_that_do(start):
    async with start() as cluster:
        for act in (cluster.kill, cluster.start, cluster.stop, cluster.pause, cluster.resume):
            with pytest.raises(OperatorError, match="no node 'node-3'; there is node-1, node-2"):
                await act("node-3")


async def test_a_port_in_use_is_refused_before_anything_starts(start):
    """Nobody was told of anything."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    told = []

    async with server:
        with pytest.raises(OperatorError, match="cannot be had"):
            async with start(port=server.sockets[0].getsockname()[1], told=told):
                raise AssertionError("must not get here")

    assert told == []


async def test_links_can_be_broken_and_mended(start):
    """The balancer's way to a node goes through a link, people's direct way to it does not."""
    async with start() as cluster:
        assert [link.name for link in await cluster.links.read()] == [
            "balancer->node-1",
            "balancer->node-2",
            "node-1->postgres",
            "node-1->redis",
            "node-2->postgres",
            "node-2->redis",
        ]
        async with cluster.links.faulted("balancer:node-1", "reset") as link:
            assert (link.name, link.fault) == ("balancer->node-1", {"kind": "reset"})
            async with aiohttp.request("GET", f"{cluster.base_url}/status") as answer:
                assert answer.status == 500
            assert (await get(f"{cluster.node('node-1').url}/status"))["state"] == "RUNNING"
        assert (await get(f"{cluster.base_url}/status"))["state"] == "RUNNING"
        await cluster.links.fault("balancer->node-2", "delay", ms=3)
        assert set((await cluster.links.heal_all()).values()) == {0}
        assert not any(link.fault for link in await cluster.links.read())


async def test_what_is_no_link_or_no_fault_is_the_operators_to_mend(start):
    """The message names what there is."""
    async with start(nodes=1) as cluster:
        with pytest.raises(OperatorError, match=r"no link 'node-9->redis'; there is balancer->node-1, node-1->"):
            await cluster.links.fault("node-9:redis", "cut")
        with pytest.raises(OperatorError, match="no fault 'meteor'"):
            await cluster.links.fault("node-1:redis", "meteor")
        with pytest.raises(OperatorError, match="no link 'x'"):
            await cluster.links.heal("x")


async def test_a_cluster_without_links_has_no_relay(start):
    """For benchmarks: everybody dials everybody directly."""
    async with start(nodes=1, links=False) as cluster:
        assert (await get(f"{cluster.base_url}/status"))["state"] == "RUNNING"
        assert cluster.relay.state is ProcessState.DOWN
        with pytest.raises(OperatorError, match="without links"):
            await cluster.links.read()


async def test_a_killed_node_is_refused_through_its_link_too(start):
    """A balancer may send a request again only if it never got through."""
    async with start() as cluster:
        (port,) = [link.port for link in cluster._plan.links if link.name == "balancer->node-1"]
        assert (await get(f"http://127.0.0.1:{port}/status"))["state"] == "RUNNING"
        await cluster.kill("node-1")

        with pytest.raises(aiohttp.ClientConnectorError):
            await get(f"http://127.0.0.1:{port}/status")

        await cluster.start("node-1")
        assert (await get(f"http://127.0.0.1:{port}/status"))["state"] == "RUNNING"
