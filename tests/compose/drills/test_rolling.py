"""Rolling restarts and upgrades of three real nodes, and an operator's single steps."""

import asyncio
from dataclasses import replace

import pytest
import pytest_asyncio

from compose.cluster.processes import ProcessState
from compose.drills import rolling
from compose.drills.operations import Operations
from compose.drills.rolling import Ended, Rollout, roll
from compose.drills.scenario.steps import NodeStep, Rolling, RollingUpgrade
from compose.people.browser import Browser, open_client
from shared.errors import HarnessError, OperatorError
from shared.versions import JIRA_9_11, Version
from tests.compose.drills.scenes import FAST
from tests.support.clusters import running_cluster
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = ("node-1", "node-2", "node-3")
NEWER = Version(9, 12)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(stores, warm):
    async with running_cluster(stores, warm, nodes=3, **FAST) as cluster:
        yield cluster


def conditions(written, node_id):
    return [str(change.condition) for change in written.nodes if change.node == node_id]


async def health(scene):
    status = await scene.cluster.client.status(scene.cluster.balancer_admin_url)
    return {node["id"]: node for node in status["nodes"]}


async def test_one_node_after_the_other_is_restarted_and_people_return_in_between(scene, written):
    """Everyone returns while a node is gone; two others take people all the time."""
    pids = {node_id: scene.cluster.node(node_id).process.pid for node_id in NODES}
    seen = []

    async def return_():
        seen.append({node_id for node_id in NODES if scene.cluster.node(node_id).process.state is ProcessState.UP})

    words = Rolling.model_validate({"min-available": 2, "everyone-returns": True, "nodes": ["node-3", "one", "all"]})
    outcome = await roll(words, Operations(scene), scene, everyone=return_)

    assert outcome.ended is Ended.COMPLETED
    assert (outcome.updated[0], sorted(outcome.updated), outcome.failed) == ("node-3", list(NODES), ())
    assert seen == [set(NODES) - {node_id} for node_id in outcome.updated]
    assert all(scene.cluster.node(node_id).process.pid != pid for node_id, pid in pids.items())
    assert all(conditions(written, node_id) == ["draining", "down", "up"] for node_id in NODES)
    assert written.problems == []


async def test_a_drain_is_waited_for_and_counted(scene, written):
    """Softly, until nobody is bound any more or the time is over; and afterwards people are sent there again."""
    async with open_client() as client:
        browsers = [Browser(client, scene.cluster.base_url) for _ in range(3)]
        for browser in browsers:
            await browser.who_am_i()
            await browser.who_am_i()
        bound = await health(scene)
        words = Rolling.model_validate(
            {"drain": {"mode": "soft", "at-most": {"real": "300ms"}}, "nodes": ["node-2"], "min-available": 2}
        )

        await roll(words, Operations(scene), scene)

    assert bound["node-2"]["sessions"] > 0
    assert written.readings[0].value == bound["node-2"]["sessions"]
    assert {reading.where["node"] for reading in written.readings} == {"node-2"}
    assert (await health(scene))["node-2"]["operator"] == "ready"


async def test_a_drain_in_policy_time_that_stands_still_is_refused(scene):
    """It would never be over."""
    words = Rolling.model_validate({"drain": {"mode": "soft", "at-most": {"policy": "1h"}}, "nodes": ["node-2"]})

    with pytest.raises(OperatorError, match="policy time, which stands still"):
        await roll(words, Operations(scene), scene)


async def test_words_that_cannot_be_kept_are_refused_before_anything_is_done(scene, written):
    """Two of three at once leave one."""
    words = Rolling.model_validate({"parallelism": 2, "min-available": 2})

    with pytest.raises(OperatorError, match="2 at once leave 1, fewer than min-available 2"):
        await roll(words, Operations(scene), scene)

    assert written.nodes == []


async def test_a_batch_waits_until_enough_others_take_people(scene, written, monkeypatch):
    """First in vain, then with success."""
    monkeypatch.setattr(rolling, "AVAILABLE_LIMIT_S", 0.3)
    words = Rolling.model_validate({"min-available": 2, "nodes": ["node-1"]})
    await scene.cluster.stop("node-3")
    await eventually(lambda: is_out(scene, "node-3"))
    pid = scene.cluster.node("node-1").process.pid

    assert (await roll(words, Operations(scene), scene)).ended is Ended.PAUSED
    assert "node-1 cannot go: fewer than 2 others" in written.problems[0]
    assert scene.cluster.node("node-1").process.pid == pid

    monkeypatch.setattr(rolling, "AVAILABLE_LIMIT_S", 20)
    waiting = asyncio.create_task(roll(words, Operations(scene), scene))
    await scene.cluster.start("node-3")
    assert (await waiting).ended is Ended.COMPLETED
    assert scene.cluster.node("node-1").process.pid != pid


async def is_out(scene, node_id):
    return not (await health(scene))[node_id]["takes_new"]


@pytest.mark.parametrize("action", ["pause", "continue", "rollback"])
async def test_a_node_that_does_not_start_is_what_the_failure_action_is_for(scene, written, monkeypatch, action):
    """Pause leaves the rest alone, continue goes on, rollback gives everybody his old version again."""
    backings = scene.cluster._plan.backings
    good = backings["node-2"]
    monkeypatch.setitem(backings, "node-2", replace(good, postgres_url="nowhere"))
    upgrade = RollingUpgrade.model_validate({"to": "9.12", "failure-action": action})

    rolled = asyncio.create_task(roll(upgrade, Operations(scene), scene))
    await eventually(lambda: written.problems, within_s=30)
    monkeypatch.setitem(backings, "node-2", good)
    outcome = await rolled

    versions = {node_id: scene.cluster.node(node_id).version for node_id in NODES}
    if action == "pause":
        assert outcome == Rollout(Ended.PAUSED, ("node-1",), ("node-2",))
        assert versions == {"node-1": NEWER, "node-2": NEWER, "node-3": JIRA_9_11}
    elif action == "continue":
        assert outcome == Rollout(Ended.COMPLETED, ("node-1", "node-3"), ("node-2",))
        assert versions["node-3"] == NEWER
    else:
        assert outcome == Rollout(Ended.ROLLED_BACK, ("node-1",), ("node-2",))
        assert set(versions.values()) == {JIRA_9_11}
    assert "node-2 does not start" in written.problems[0]
    for node_id in NODES:
        await Operations(scene).restart(node_id, version=JIRA_9_11)


async def test_single_steps_of_an_operator(scene, written):
    """Drain, undrain, maintenance, upgrade: the balancer follows, and the node says its version."""

    async def do(**step):
        await Operations(scene).carry_out(NodeStep.model_validate(step))

    await do(do="drain", target="node-2", mode="hard")
    assert (await health(scene))["node-2"]["operator"] == "hard-drain"
    await do(do="maintenance", target=["node-2"])
    assert (await health(scene))["node-2"]["operator"] == "maintenance"
    await do(do="undrain", target="node-2")
    await do(do="upgrade", target="node-2", to="9.12")
    assert (written.nodes[-1].version, written.nodes[-1].says_version) == ("9.12", "9.12")
    assert conditions(written, "node-2") == ["draining", "draining", "up", "draining", "down", "up"]
    await do(do="restart", target="node-2", to="9.11")

    with pytest.raises(OperatorError, match="upgrade needs the version"):
        await do(do="upgrade", target="node-2")
    with pytest.raises(OperatorError, match=r"soft .* or hard"):
        await do(do="drain", target="node-2", mode="none")
    with pytest.raises(OperatorError, match="did you mean node-2"):
        await do(do="stop", target="node2")


async def test_a_new_node_that_does_not_start_leaves_nothing_and_the_old_one_stays(scene, written, monkeypatch):
    """No node, no link, no place in the balancer."""
    links = [link.name for link in await scene.cluster.links.read()]
    monkeypatch.setattr("compose.cluster.programs.START_LIMIT_S", 0.01)

    outcome = await roll(Rolling.model_validate({"order": "start-first"}), Operations(scene), scene)

    assert outcome == Rollout(Ended.PAUSED, (), ("node-1",))
    assert tuple(scene.cluster.nodes) == NODES == tuple(await health(scene))
    assert [link.name for link in await scene.cluster.links.read()] == links
    assert "node-4 does not join" in written.problems[0]
    assert "node-2, node-3 not begun" in written.problems[1]


async def test_a_rollback_puts_the_old_nodes_back(scene, monkeypatch):
    """What had replaced them goes; ids and versions are the old ones."""
    real = scene.cluster.add

    async def add(spec):
        if spec.id == "node-5":
            raise HarnessError("no luck today")
        return await real(spec)

    monkeypatch.setattr(scene.cluster, "add", add)
    upgrade = {"to": "9.12", "order": "start-first", "failure-action": "rollback"}

    outcome = await roll(RollingUpgrade.model_validate(upgrade), Operations(scene), scene)

    assert outcome == Rollout(Ended.ROLLED_BACK, ("node-1",), ("node-2",))
    assert {node_id: node.version for node_id, node in scene.cluster.nodes.items()} == dict.fromkeys(NODES, JIRA_9_11)
    assert sorted(await health(scene)) == sorted(NODES)


async def test_a_node_that_dies_while_it_is_watched_has_failed(scene, written):
    """The rest is not begun."""
    words = Rolling.model_validate({"monitor": {"real": "20s"}, "nodes": ["node-2", "node-3"]})
    pid = scene.cluster.node("node-2").process.pid
    rolled = asyncio.create_task(roll(words, Operations(scene), scene))
    node = scene.cluster.node("node-2")
    await eventually(lambda: node.process.pid not in (None, pid) and conditions(written, "node-2")[-1:] == ["up"])

    await scene.cluster.kill("node-2")

    assert await rolled == Rollout(Ended.PAUSED, (), ("node-2",))
    assert "node-2 died" in written.problems[0]
    assert conditions(written, "node-2")[-1] == "down"
    await scene.cluster.start("node-2")


async def test_start_first_new_nodes_join_before_old_ones_go(scene, written):
    """There are never fewer than three, the ids are new, and links and balancer follow."""
    seen = []

    async def return_():
        seen.append(sum(node.process.state is ProcessState.UP for node in scene.cluster.nodes.values()))

    upgrade = RollingUpgrade.model_validate(
        {"to": "9.12", "order": "start-first", "everyone-returns": True, "min-available": 3}
    )
    outcome = await roll(upgrade, Operations(scene), scene, everyone=return_)

    assert (outcome.ended, sorted(outcome.updated)) == (Ended.COMPLETED, list(NODES))
    assert (list(scene.cluster.nodes), seen) == (["node-4", "node-5", "node-6"], [3, 3, 3])
    assert {node.version for node in scene.cluster.nodes.values()} == {NEWER}
    assert sorted(await health(scene)) == ["node-4", "node-5", "node-6"]
    assert sorted(link.name for link in await scene.cluster.links.read() if "redis" in link.name) == [
        "node-4->redis",
        "node-5->redis",
        "node-6->redis",
    ]
    assert (conditions(written, "node-4"), conditions(written, "node-1")) == (["up"], ["draining", "down"])
    assert scene.cluster.ended == []
