"""Faults of nodes and of their clocks, on a real cluster: each is seen to strike, and to be undone."""

import asyncio

import aiohttp
import pytest

from compose.cluster.admin_client import Silent
from compose.cluster.processes import ProcessState
from compose.drills.faults import Unconfirmed, make_fault
from shared.contract import NodeState
from shared.errors import HarnessError, OperatorError
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def says(node) -> int:
    async with aiohttp.request("GET", f"{node.url}/status") as answer:
        return answer.status


async def strike(scene, kind, target="node-2", **settings):
    return await make_fault(kind, settings).inject(scene, target)


@pytest.mark.parametrize("kind", ["node.crash", "node.stop"])
async def test_a_node_is_gone_until_it_is_healed(scene, written, kind):
    """Its process has ended and its port refuses; the history has both changes, and the version it came back with."""
    node = scene.cluster.node("node-2")

    hold = await strike(scene, kind)

    assert "refuses connections" in await hold.confirm()
    with pytest.raises(aiohttp.ClientConnectorError):
        await says(node)
    await hold.heal()
    assert await says(node) == 200
    with pytest.raises(Unconfirmed, match="is up"):
        await hold.confirm()
    assert await hold.heal() is None
    conditions = [str(change.condition) for change in written.nodes]
    assert conditions == (["down", "up"] if kind == "node.crash" else ["draining", "down", "up"])
    assert (written.nodes[-1].version, written.nodes[-1].says_version) == ("9.11", "9.11")


async def test_a_node_that_somebody_started_meanwhile_is_left_alone(scene):
    """Healing undoes what the fault did, and nothing else."""
    hold = await strike(scene, "node.crash")
    await scene.cluster.start("node-2")
    pid = scene.cluster.node("node-2").process.pid

    await hold.heal()

    assert scene.cluster.node("node-2").process.pid == pid


async def test_a_hung_node_is_silent_and_wakes(scene, written):
    """It takes connections and answers nobody; the kernel has it stopped."""
    node = scene.cluster.node("node-2")

    hold = await strike(scene, "node.hang")

    assert "kernel state T" in await hold.confirm()
    with pytest.raises(Silent):
        await scene.cluster.client.status(node.operator_url, limit_s=0.2)
    await hold.heal()
    assert await says(node) == 200
    with pytest.raises(Unconfirmed):
        await hold.confirm()
    await hold.heal()
    assert [str(change.condition) for change in written.nodes] == ["paused", "up"]


async def test_a_slow_start_says_starting_until_it_is_healed(scene):
    """As long as it was told to, or until healing orders it on; the next start is an ordinary one."""
    node = scene.cluster.node("node-2")

    hold = await strike(scene, "node.slow-start", **{"for": {"real": "60s"}})

    assert "STARTING" in await hold.confirm()
    assert (await scene.cluster.client.status(node.operator_url))["state"] == NodeState.STARTING
    await hold.heal()
    assert node.process.state is ProcessState.UP
    assert (await scene.cluster.client.status(node.operator_url))["state"] == NodeState.RUNNING
    await hold.heal()
    assert node.spec.starting_s == 0


async def test_a_slow_start_that_is_cancelled_leaves_the_node_up(scene):
    """Half an injection is undone before the cancellation goes on."""
    injecting = asyncio.create_task(strike(scene, "node.slow-start", **{"for": {"real": "60s"}}))
    await eventually(lambda: scene.cluster.node("node-2").process.state is not ProcessState.UP)

    injecting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await injecting
    assert await says(scene.cluster.node("node-2")) == 200


async def test_a_slow_loop_stands_still_again_and_again(scene):
    """The node counts how often; it is one fault at a time, with bounds, and healing ends it."""
    slow = {"block": {"real": "30ms"}, "every": {"real": "60ms"}}
    client, url = scene.cluster.client, scene.cluster.node("node-2").operator_url

    hold = await strike(scene, "node.slow-loop", **slow)

    assert "stood still" in await eventually(lambda: confirmed(hold))
    with pytest.raises(OperatorError, match="slow already"):
        await strike(scene, "node.slow-loop", **slow)
    assert (await client.loop_fault(url))["slow_loop"] is not None
    struck = await hold.heal()
    assert struck > 0
    assert (await client.loop_fault(url))["slow_loop"] is None
    with pytest.raises(Unconfirmed):
        await hold.confirm()
    assert await hold.heal() == struck
    with pytest.raises(OperatorError, match="every_ms"):
        await strike(scene, "node.slow-loop", block={"real": "30ms"}, every={"real": "30ms"})


async def confirmed(hold):
    try:
        return await hold.confirm()
    except Unconfirmed:
        return ""


async def test_a_skewed_clock_is_off_by_as_much_as_was_said(scene):
    """One node reads another policy time than the rest; healing gives it back what it had."""
    node, other = scene.cluster.node("node-2"), scene.cluster.node("node-1")

    hold = await strike(scene, "clock.skew", by={"policy": "10m"}, direction="behind")

    client = scene.cluster.client
    assert "10 min behind" in await hold.confirm()
    read, others = await client.clock(node.operator_url), await client.clock(other.operator_url)
    assert read.now_ms == others.now_ms - 600_000
    await hold.heal()
    assert (await client.clock(node.operator_url)).skew_ms == 0
    with pytest.raises(Unconfirmed):
        await hold.confirm()
    await hold.heal()


async def test_a_clock_is_skewed_by_one_fault_at_a_time(scene):
    """The second would give back what the first had made of it."""
    hold = await strike(scene, "clock.skew", by={"policy": "7m"})
    with pytest.raises(OperatorError, match="clock of node-2 is wrong already"):
        await strike(scene, "clock.skew", by={"policy": "10m"})
    await hold.heal()
    node = scene.cluster.node("node-2")
    assert (await scene.cluster.client.clock(node.operator_url)).skew_ms == 0


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("clock.skew", {"by": {"policy": "7m"}}),
        ("node.slow-loop", {"block": {"real": "1ms"}, "every": {"real": "60ms"}}),
    ],
)
async def test_a_node_that_is_paused_is_not_healed_until_it_goes_on(scene, kind, settings):
    """It cannot be told; said to be healed, it would go on as it was."""
    hold = await strike(scene, kind, **settings)
    hung = await strike(scene, "node.hang")
    with pytest.raises(HarnessError, match=r"node-2 is paused, with its .* still .*; resume it first"):
        await hold.heal()
    await hung.heal()
    await hold.heal()
    client, url = scene.cluster.client, scene.cluster.node("node-2").operator_url
    assert ((await client.clock(url)).skew_ms, (await client.loop_fault(url))["slow_loop"]) == (0, None)


@pytest.mark.parametrize("kind", ["node.crash", "node.hang", "clock.skew"])
async def test_a_node_that_is_down_cannot_be_struck(scene, kind):
    """And is not started by the undoing of what was never done."""
    settings = {"by": {"policy": "1m"}} if kind == "clock.skew" else {}
    await scene.cluster.kill("node-2")

    with pytest.raises(OperatorError, match="down"):
        await strike(scene, kind, **settings)

    assert scene.cluster.node("node-2").process.state is ProcessState.DOWN
    await scene.cluster.start("node-2")
