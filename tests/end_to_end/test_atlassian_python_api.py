"""atlassian-python-api, unmodified, through the balancer: Basic on every request, no session of its own."""

import asyncio

import pytest
from atlassian import Jira
from requests import HTTPError

from tests.support.clusters import running_cluster


def connect(cluster, username="admin", password=None):
    return Jira(cluster.base_url, username=username, password=password or username)


async def call(method, *given, **named):
    """The library blocks; the cluster is steered from this loop meanwhile."""
    return await asyncio.to_thread(method, *given, **named)


async def refusal_of(method, *given):
    with pytest.raises(HTTPError) as caught:
        await call(method, *given)
    return str(caught.value)


@pytest.fixture
async def jira(cluster):
    client = connect(cluster)
    yield client
    client.close()


async def test_it_is_known_on_every_node(cluster, jira):
    """Each request carries the password, so the death of a node is not even noticed."""
    for node in ("node-1", "node-2"):
        assert (await call(jira.myself))["name"] == "admin"
        await cluster.kill(node)
    assert (await call(jira.myself))["name"] == "admin"
    assert (await call(jira.get_server_info))["versionNumbers"] == [9, 11, 0]


async def test_the_user_family(jira):
    """Create, read, change, deactivate with its text "false", and delete."""
    await call(jira.user_create, "eve", "eve@example.com", "Eve Evans", password="eve")
    assert (await call(jira.user, "eve"))["displayName"] == "Eve Evans"
    await call(jira.user_update_email, "eve", "new@example.com")
    await call(jira.user_update_username, "eve", "evelyn")
    changed = await call(jira.user, "evelyn")
    assert changed["emailAddress"] == "new@example.com"
    assert [user["name"] for user in await call(jira.user_find_by_user_string, username="evelyn")] == ["evelyn"]
    await call(jira.user_deactivate, "evelyn")
    assert (await call(jira.user, "evelyn"))["active"] is False
    await call(jira.user_remove, "evelyn")
    assert "The user named 'evelyn' does not exist" in await refusal_of(jira.user, "evelyn")


async def test_a_wrong_password_is_an_error_and_not_fewer_issues(cluster):
    """Basic that fails is a 401 for it, also where anonymous callers may look."""
    intruder = connect(cluster, "bob", "wrong")
    assert "Unauthorized (401)" in await refusal_of(intruder.jql, "type = Bug")
    intruder.close()


async def test_issues(cluster, jira):
    """jql() and issue() as different people see them."""
    assert (await call(jira.jql, "type=Bug AND status=Closed"))["total"] == 4
    dave = connect(cluster, "dave")
    assert (await call(dave.jql, "type=Bug AND status=Closed"))["total"] == 3
    assert (await call(dave.issue, "TEST-3"))["fields"]["summary"] == "Session is gone after a node restart"
    assert "permission to see" in await refusal_of(dave.issue, "TEST-18")
    dave.close()


async def test_the_nodes_of_the_cluster(cluster, jira):
    """A node that was killed is ACTIVE and not alive after five minutes; then it can be set offline and deleted."""
    nodes = await call(jira.get_cluster_all_nodes)
    assert [(node["nodeId"], node["alive"]) for node in nodes] == [(f"node-{n}", True) for n in (1, 2, 3)]
    await cluster.kill("node-3")
    await refusal_of(jira.set_node_to_offline, "node-3")
    await cluster.clock.step(by_ms=6 * 60_000)

    async def by_id():
        return {node["nodeId"]: node for node in await call(jira.get_cluster_all_nodes)}

    node = (await by_id())["node-3"]
    assert (node["state"], node["alive"]) == ("ACTIVE", False)
    await call(jira.set_node_to_offline, "node-3")
    assert (await by_id())["node-3"]["state"] == "OFFLINE"
    await call(jira.delete_cluster_node, "node-3")
    assert "node-3" not in await by_id()


async def test_a_zero_downtime_upgrade_starts_and_is_cancelled(jira):
    """The states of the documentation, from whichever node answers; a second start is refused."""
    assert (await call(jira.get_cluster_zdu_state))["state"] == "STABLE"
    await call(jira.start_cluster_zdu_upgrade)
    assert (await call(jira.get_cluster_zdu_state))["state"] == "READY_TO_UPGRADE"
    await refusal_of(jira.start_cluster_zdu_upgrade)
    await refusal_of(jira.approve_cluster_zdu_upgrade)
    await refusal_of(jira.retry_cluster_zdu_upgrade)
    await call(jira.cancel_cluster_zdu_upgrade)
    assert (await call(jira.get_cluster_zdu_state))["state"] == "STABLE"


async def test_below_a_context_path(stores, warm):
    """Ending a secure session that is not there is no error either."""
    async with running_cluster(stores, warm, nodes=1, context_path="/jira") as cluster:
        jira = connect(cluster)
        assert (await call(jira.myself))["name"] == "admin"
        await call(jira.invalidate_websudo)
        jira.close()
