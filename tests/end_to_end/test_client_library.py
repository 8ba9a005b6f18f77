"""pycontribs/jira, unmodified, through the balancer, with a node dying under it."""

import asyncio
import gc
import io
from urllib.parse import urlencode

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
    gc.collect()  # what the constructor left must not be found in the next test
    assert statuses == [401, 401, 401, 403]
    assert "CAPTCHA_CHALLENGE" in str(caught.value.text)
    del caught
    gc.collect()  # here, where its warnings are expected, and not in the next test


async def test_it_searches_also_when_its_node_dies(cluster):
    """search_issues() reads the fields first; the death of the node in between costs the caller nothing."""
    jira = await asyncio.to_thread(connect, cluster, "admin")
    closed = await asyncio.to_thread(jira.search_issues, "type=Bug AND status=Closed")
    assert [issue.key for issue in closed] == ["TEST-20", "TEST-17", "TEST-13", "TEST-2"]
    assert closed.total == 4
    response = await asyncio.to_thread(jira._session.get, f"{cluster.base_url}/rest/api/2/myself")
    await cluster.kill(response.headers["X-ANODEID"])
    again = await asyncio.to_thread(jira.search_issues, "type=Bug AND status=Closed", use_post=True)
    assert [issue.key for issue in again] == [issue.key for issue in closed]
    everything = await asyncio.to_thread(jira.search_issues, "", maxResults=False)
    assert len(everything) == 25
    jira.close()


async def test_it_reads_an_issue_and_attaches_a_file(cluster):
    """issue() and add_attachment(), and the content comes back from another node."""
    jira = await asyncio.to_thread(connect, cluster)
    issue = await asyncio.to_thread(jira.issue, "TEST-3")
    assert issue.fields.summary == "Session is gone after a node restart"
    assert (issue.fields.reporter.name, issue.fields.assignee.displayName) == ("alice", "Bob Baker")
    stored = await asyncio.to_thread(jira.add_attachment, "TEST-3", io.BytesIO(b"what happened"), "log.txt")
    jira.close()
    bob = await asyncio.to_thread(connect, cluster, "bob")
    (found,) = (await asyncio.to_thread(bob.issue, "TEST-3")).fields.attachment
    assert (found.id, found.filename, found.author.name) == (stored.id, "log.txt", "alice")
    assert await asyncio.to_thread(found.get) == b"what happened"
    bob.close()


async def test_it_renames_users(cluster):
    """rename_user() keeps the key."""
    jira = await asyncio.to_thread(connect, cluster, "admin")
    key = (await asyncio.to_thread(jira.user, "bob")).key
    await asyncio.to_thread(jira.rename_user, "bob", "robert")
    assert (await asyncio.to_thread(jira.user, "robert")).key == key
    jira.close()


async def test_the_form_by_which_it_deactivates_users(cluster):
    """deactivate_user() of this version sends JSON where a form belongs and takes any page for success: nothing
    happens. The same fields as a form, through its own session, deactivate while its secure session lasts."""
    jira = await asyncio.to_thread(lambda: JIRA(cluster.base_url, basic_auth=("admin", "admin"), max_retries=1))

    def post(path, **fields):
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
        return jira._session.post(f"{cluster.base_url}/secure/admin/{path}", data=urlencode(fields), headers=headers)

    def deactivate(name):
        post("user/EditUser.jspa", inline="true", username=name, fullName=name, email="x@example.com", editName=name)

    def is_active(name):
        return jira.user(name).active

    assert await asyncio.to_thread(jira.deactivate_user, "bob") is True
    assert await asyncio.to_thread(is_active, "bob")
    await asyncio.to_thread(post, "WebSudoAuthenticate.jspa", webSudoPassword="admin")
    await asyncio.to_thread(deactivate, "bob")
    assert not await asyncio.to_thread(is_active, "bob")
    assert (await asyncio.to_thread(jira.kill_websudo)).status_code == 204
    await asyncio.to_thread(deactivate, "carol")
    assert await asyncio.to_thread(is_active, "carol")
    jira.close()


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
