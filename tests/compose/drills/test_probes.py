"""Probes read on a real cluster, each against something that was done to it."""

import pytest

from compose.drills.faults import make_fault
from compose.drills.probes import PROBES, WHERE, read
from compose.people.browser import Browser, open_client
from shared.errors import OperatorError
from shared.versions import JIRA_9_10, JIRA_9_11
from tests.support.eventually import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def value(scene, probe, **where):
    reading = await read(scene, probe, where)
    assert reading.error is None
    return reading.value


async def test_every_probe_can_be_read_of_a_healthy_cluster(scene):
    """And says in its docstring what it counts."""
    await eventually(lambda: becomes(scene, "nodes.up", 2))
    for probe, function in PROBES.items():
        where = {"node": "node-1"} if probe == "node.db-state" else {}
        reading = await read(scene, probe, where)
        assert reading.error is None, reading
        assert function.__doc__.startswith(("A count: ", "A word: ", "1 when ")), probe
        assert probe in WHERE
    assert await value(scene, "nodes.state") == "RUNNING"
    assert await value(scene, "nodes.state", node="node-2") == "RUNNING"
    assert await value(scene, "zdu.state") == "STABLE"
    assert await value(scene, "node.db-state", node="node-1") == "ACTIVE"
    assert await value(scene, "node.db-state", node="node-2") == "ACTIVE"
    await eventually(lambda: becomes(scene, "cluster.quiescent", 1))


async def becomes(scene, probe, wanted, **where):
    return (await read(scene, probe, where)).value == wanted


async def test_people_are_counted_where_they_are_known(scene):
    """A session and a Crowd entry in one node, a row for the ticked box, a binding in the balancer."""
    before = {probe: await value(scene, probe) for probe in ("web-sessions", "crowd-entries", "sessions")}
    async with open_client() as client:
        alice = Browser(client, scene.cluster.base_url)
        await alice.log_in("alice", "alice", remember=True)
        await alice.who_am_i()
        for _ in range(3):
            await Browser(client, scene.cluster.base_url).log_in("bob", "wrong")

    assert await value(scene, "remember-me.count", user="alice") == 1
    assert await value(scene, "remember-me.count", user="carol") == 0
    assert "no user 'nobody'" in (await read(scene, "remember-me.count", {"user": "nobody"})).error
    assert await value(scene, "remember-me.count") >= 1
    assert await value(scene, "crowd-entries") == before["crowd-entries"] + 1
    assert await value(scene, "web-sessions") > before["web-sessions"]
    assert await value(scene, "sessions") > before["sessions"]
    assert await value(scene, "captcha.due", user="bob") == 1
    assert await value(scene, "captcha.due", user="alice") == 0
    assert await value(scene, "captcha.due") == 1


async def test_a_node_that_missed_an_invalidation_diverges_until_it_hears_of_it(scene):
    """The fenced node is counted, too, and all of it is over when the links are whole again."""
    node_1, node_2 = (scene.cluster.node(f"node-{number}") for number in (1, 2))
    async with open_client() as client:
        await Browser(client, node_2.url).log_in("dave", "dave")
        assert await value(scene, "caches.divergent") == 0
        hold = await make_fault("node.hang", {}).inject(scene, "node-2")
        admin = Browser(client, node_1.url)
        await admin.log_in("admin", "admin")
        answer = await admin.request("DELETE", "/rest/api/2/user/session/dave")
        assert answer.status < 300, answer

        unread = await read(scene, "caches.divergent", {"node": "node-2"})
        assert unread.value is None
        assert "cannot be read" in unread.error
        assert await value(scene, "nodes.state") == "node-1 RUNNING, node-2 SILENT"
        await hold.heal()

    await eventually(lambda: becomes(scene, "caches.divergent", 0))
    await eventually(lambda: becomes(scene, "fenced", 0))
    await eventually(lambda: becomes(scene, "cluster.quiescent", 1))


async def test_what_an_old_node_was_never_told_diverges(scene):
    """One session and one Crowd entry are older than the database has their user, until they are gone."""
    await scene.cluster.restart("node-2", version=JIRA_9_10)
    async with open_client() as client:
        await Browser(client, scene.cluster.node("node-2").url).log_in("carol", "carol")
        admin = Browser(client, scene.cluster.node("node-1").url)
        await admin.log_in("admin", "admin")
        assert await value(scene, "caches.divergent") == 0

        await admin.request("DELETE", "/rest/api/2/user/session/carol")

        assert await value(scene, "caches.divergent") == 2
        assert await value(scene, "caches.divergent", node="node-1") == 0
        assert await value(scene, "cluster.quiescent") == 1
    await scene.cluster.restart("node-2", version=JIRA_9_11)
    assert await value(scene, "caches.divergent") == 0


async def test_the_tokens_of_a_deleted_user_are_still_asked_for(scene):
    """They go by his key, which stays his."""
    async with open_client() as client:
        await Browser(client, scene.cluster.base_url).log_in("dave", "dave", remember=True)
        assert await value(scene, "remember-me.count", user="dave") == 1
        admin = Browser(client, scene.cluster.node("node-1").url)
        await admin.log_in("admin", "admin")
        await admin.request("DELETE", "/rest/api/2/user?username=dave")

    assert await value(scene, "remember-me.count", user="dave") == 0


async def test_a_node_without_its_database_is_fenced(scene):
    """When its lease has run out, and until it can renew it."""
    hold = await make_fault("link.cut", {}).inject(scene, "node-2->postgres")

    await eventually(lambda: becomes(scene, "fenced", 1, node="node-2"))
    assert await value(scene, "cluster.quiescent") == 0

    await hold.heal()
    await eventually(lambda: becomes(scene, "fenced", 0))


async def test_a_node_that_has_gone_is_told_as_the_cluster_has_it(scene):
    """DOWN at once for who looks; ACTIVE in the table, until it has been silent for five minutes of policy time."""
    hold = await make_fault("node.crash", {}).inject(scene, "node-2")

    assert await value(scene, "nodes.state", node="node-2") == "DOWN"
    assert await value(scene, "node.db-state", node="node-2") == "ACTIVE"
    await eventually(lambda: becomes(scene, "nodes.up", 1))
    await scene.cluster.clock.step(by_ms=301_000)
    await eventually(lambda: becomes(scene, "node.db-state", "NO HEARTBEAT", node="node-2"))
    assert "node-2 is down" in (await read(scene, "web-sessions", {"node": "node-2"})).error
    assert await value(scene, "node.db-state", node="node-9") == "GONE"
    await hold.heal()


@pytest.mark.parametrize(
    ("probe", "where", "told"),
    [
        ("node.state", {}, "did you mean nodes.state"),
        ("nodes.up", {"node": "node-1"}, "can be limited by nothing, not by node"),
        ("sessions", {"user": "alice"}, "by node, not by user"),
        ("sessions", {"node": "node-9"}, "there is no node"),
        ("node.db-state", {}, "is of one node"),
    ],
)
async def test_a_probe_that_cannot_be_is_told(scene, probe, where, told):
    """A mistake in a file is no reading that could not be taken."""
    with pytest.raises(OperatorError, match=told):
        await read(scene, probe, where)
