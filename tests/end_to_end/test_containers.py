"""Clusters of containers: the same handle, the same faults, on real networks."""

import json
import signal

import aiohttp
import asyncpg
import pytest

from compose.cluster.processes import ProcessState
from shared.versions import JIRA_9_10
from tests.support.dcsim_command import dcsim
from tests.support.engine import containers, images, left_in_engine
from tests.support.eventually import eventually
from tests.support.requirements import require

pytestmark = pytest.mark.timeout(600)  # the first test that wants an image may have to build it

QUARTER_MS = 15 * 60_000


@pytest.fixture(autouse=True)
async def nothing_left():
    """Containers, networks and volumes are counted before and after every test."""
    require("docker")
    await images()
    before = await left_in_engine()
    yield
    assert await left_in_engine() == before


async def status(url: str) -> tuple[int, str]:
    async with aiohttp.request("GET", f"{url}/status", timeout=aiohttp.ClientTimeout(5)) as answer:
        return answer.status, (await answer.json())["state"]


async def health(cluster) -> dict[str, str]:
    """What the balancer finds of each node."""
    return {node["id"]: node["health"] for node in (await cluster.client.status(cluster.balancer_admin_url))["nodes"]}


async def test_nodes_are_killed_stopped_hung_and_upgraded_as_processes_are():
    """Where they were, at the policy time of the others, while the rest serves."""
    async with containers() as cluster:
        node = cluster.node("node-1")
        await cluster.kill("node-1")
        with pytest.raises(aiohttp.ClientError):
            await status(node.url)
        assert await status(cluster.base_url) == (200, "RUNNING")
        await cluster.clock.step(by_ms=QUARTER_MS)

        await cluster.start("node-1", version=JIRA_9_10)

        assert await status(node.url) == (200, "RUNNING")
        assert (await cluster.client.status(node.operator_url))["version"] == "9.10"
        await cluster.pause("node-2")
        assert (await cluster.clock.step(by_ms=QUARTER_MS)).late == ("node-2",)
        await cluster.resume("node-2")
        anchors = {reading.anchor for reading in (await cluster.clock.read()).values()}
        assert len(anchors) == 1
        await cluster.stop("node-2")
        assert (cluster.node("node-2").process.exit_code, cluster.node("node-2").process.state) == (
            0,
            ProcessState.DOWN,
        )
        assert cluster.ended == []


async def test_a_cut_takes_the_node_off_a_real_network_and_healing_brings_it_back():
    """To its address and its names, which the engine forgets; the links over other networks pass all the while."""
    async with containers() as cluster:
        for link, net in (("node-1:redis", "bus"), ("node-1:postgres", "db"), ("balancer:node-1", "front")):
            before = await places(cluster, "node-1")
            async with cluster.links.faulted(link, "cut") as reading:
                assert reading.fault == {"kind": "cut"}
                assert set(before) - set(await places(cluster, "node-1")) == {net}
                assert (await cluster.client.status(cluster.node("node-1").operator_url))["state"] == "RUNNING"
                assert await status(cluster.base_url) == (200, "RUNNING")
                if net == "front":
                    await eventually(lambda: down(cluster, "node-1"))
            assert await places(cluster, "node-1") == before
        await eventually(lambda: up(cluster, "node-1"))

        await cluster.links.fault("node-2:redis", "cut")
        await cluster.kill("node-2")
        await cluster.start("node-2")
        readings = {reading.name: reading.fault for reading in await cluster.links.read()}
        assert readings["node-2->redis"] == {"kind": "cut"}
        await cluster.links.fault("node-2:redis", "freeze")
        assert "bus" in await places(cluster, "node-2")
        await cluster.links.heal_all()
        assert not any(reading.fault for reading in await cluster.links.read())


async def down(cluster, node: str) -> bool:
    return (await health(cluster))[node] == "down"


async def up(cluster, node: str) -> bool:
    return (await health(cluster))[node] == "up"


async def places(cluster, node: str) -> dict[str, tuple[str, str]]:
    """Address and name on every network the node's container is on."""
    container = cluster.node(node).process
    engine = container._run_in.engine
    described = await engine.call("describe it", engine.api.inspect_container, container.plan.name)
    found = described["NetworkSettings"]["Networks"]
    return {
        name.rpartition("-")[2]: (place["IPAddress"], next(one for one in place["Aliases"] if one.startswith("node")))
        for name, place in found.items()
    }


async def test_stores_come_back_with_what_they_stored():
    """Postgres is where it was, with what was committed; nobody notices Valkey's end for long."""
    async with containers(nodes=1) as cluster:
        url = cluster.stores.postgres.url
        postgres, valkey = cluster.stores.servers["postgres"], cluster.stores.servers["valkey"]
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('here')")
        connection.terminate()
        await postgres.process.kill()
        await valkey.process.kill()
        async with aiohttp.request("GET", f"{cluster.base_url}/login.jsp") as answer:
            assert answer.status == 503

        await postgres.start()
        await valkey.start()

        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT word FROM kept") == "here"
        await connection.close()
        await eventually(lambda: serves(cluster))


async def serves(cluster) -> bool:
    async with aiohttp.request("GET", f"{cluster.base_url}/login.jsp") as answer:
        return answer.status == 200


async def test_the_whole_table_is_measured_on_containers():
    """All twenty cells, as on processes."""
    async with dcsim("matrix", "--on", "docker", "--json") as command:
        code, output, errors = await command.end()

    assert (code, errors) == (0, "")
    cells = json.loads(output)["cells"]
    assert len(cells) == 20
    assert all(cell["right"] for cell in cells)


async def test_what_a_killed_command_leaves_is_cleaned_up():
    """By `dcsim clean`, which leaves alone what still runs, and says what it did; twice is once."""
    async with dcsim("up", "--on", "docker", "--nodes", "1", "--json") as command:
        description = await command.ready()
        assert await status(description["base_url"]) == (200, "RUNNING")
        assert "left run" in await said("clean")
        assert await status(description["base_url"]) == (200, "RUNNING")
        command.signal(signal.SIGKILL)
        await command.process.wait()
        await command.nothing_left(within_s=10)

        assert "removed 5 containers, 5 networks, 1 volume of run" in await said("clean")
        assert await said("clean") == "nothing was left behind\n"


async def said(*arguments: str) -> str:
    """What a command that ends well prints."""
    async with dcsim(*arguments) as command:
        code, output, errors = await command.end()
    assert (code, errors) == (0, "")
    return output


async def test_another_terminal_breaks_links_and_an_interruption_leaves_nothing():
    """As with processes: through the relay, which is published like every operator endpoint."""
    async with dcsim("up", "--on", "docker", "--nodes", "1", "--json") as command:
        await command.ready()

        async def tell(*arguments: str) -> str:
            async with dcsim(*arguments, XDG_RUNTIME_DIR=str(command.temporary)) as other:
                code, output, errors = await other.end()
            assert (code, errors) == (0, "")
            return output

        assert "cut" in await tell("fault", "node-1:redis", "cut")
        assert "node-1->redis" in await tell("heal")
        command.signal(signal.SIGINT)
        assert (await command.end())[0] == 130
        await command.nothing_left(within_s=10)
