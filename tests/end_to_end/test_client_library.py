"""pycontribs/jira, unmodified, through the balancer, with a node dying under it."""

import asyncio
import gc

import pytest
from jira import JIRA, JIRAError

from tests.support.clusters import running_cluster

pytestmark = pytest.mark.filterwarnings("ignore:Use OAuth or Token based:DeprecationWarning")
"""The library would rather not log in by cookie; that it can is what is tested."""


def connect(cluster, username="alice"):
    """As its documentation shows."""
    return JIRA(cluster.base_url, auth=(username, username), max_retries=1)


async def test_it_logs_in_and_knows_itself(cluster):
    """The four requests of its start, then myself()."""
    jira = await asyncio.to_thread(connect, cluster)
    assert (await asyncio.to_thread(jira.myself))["name"] == "alice"
    assert jira.server_info()["versionNumbers"] == [9, 11, 0]
    jira.close()


async def test_it_survives_the_death_of_its_node_by_its_own_login(cluster):
    """Its session dies with the node; its next call gets a 401, logs in by itself and is answered by another node."""
    jira = await asyncio.to_thread(connect, cluster)
    response = await asyncio.to_thread(jira._session.get, f"{cluster.base_url}/rest/api/2/myself")
    node = response.headers["X-ANODEID"]
    await cluster.kill(node)
    assert (await asyncio.to_thread(jira.myself))["name"] == "alice"
    response = await asyncio.to_thread(jira._session.get, f"{cluster.base_url}/rest/api/2/myself")
    assert response.headers["X-ANODEID"] != node
    jira.close()


async def test_it_can_end_its_session(cluster):
    """kill_session() goes to `/rest/auth/latest/session`."""
    jira = await asyncio.to_thread(connect, cluster)
    await asyncio.to_thread(jira.kill_session)
    jira.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # its constructor leaves sockets open
async def test_it_says_what_went_wrong(cluster):
    """A wrong password is an error with the status the server gave, and so is the CAPTCHA after three of them."""
    statuses = []
    for _ in range(4):
        with pytest.raises(JIRAError) as caught:
            await asyncio.to_thread(lambda: JIRA(cluster.base_url, auth=("bob", "wrong"), max_retries=0))
        statuses.append(caught.value.status_code)
    assert statuses == [401, 401, 401, 403]
    assert "CAPTCHA_CHALLENGE" in str(caught.value.text)
    del caught
    gc.collect()  # here, where its warnings are expected, and not in the next test


async def test_it_administers_users(cluster):
    """add_user, user, delete_user, with the slash it puts before the question mark."""
    jira = await asyncio.to_thread(connect, cluster, "admin")
    assert await asyncio.to_thread(jira.add_user, "eve", "eve@example.com", 1, "eve", "Eve Evans", False, False)
    assert (await asyncio.to_thread(jira.user, "eve")).displayName == "Eve Evans"
    assert await asyncio.to_thread(jira.delete_user, "eve")
    with pytest.raises(JIRAError) as caught:
        await asyncio.to_thread(jira.user, "eve")
    assert caught.value.status_code == 404
    jira.close()


async def test_it_works_below_a_context_path(stores, warm):
    """Its default server URL carries one."""
    async with running_cluster(stores, warm, nodes=2, context_path="/jira") as cluster:
        assert cluster.base_url.endswith("/jira")
        jira = await asyncio.to_thread(connect, cluster)
        assert (await asyncio.to_thread(jira.myself))["name"] == "alice"
        jira.close()
