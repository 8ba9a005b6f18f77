"""What nobody has leaves the node like any other answer: through the filters, and with the methods the path does have."""

import asyncio

import pytest
from yarl import URL

from node.router import tidy
from tests.support.nodes import running_node


@pytest.mark.parametrize(
    ("method", "path", "status", "content_type"),
    [
        ("GET", "/no/such/page", 404, "text/html"),
        ("DELETE", "/login.jsp", 405, "text/html"),
        ("GET", "/rest/api/2/nothing", 404, "application/json"),
        ("PATCH", "/rest/api/2/myself", 405, "application/json"),
        ("GET", "/rest/auth/1/nothing", 404, "application/json"),
        ("PUT", "/rest/auth/latest/session", 405, "application/json"),
        ("GET", "/rest", 404, "text/html"),
        ("GET", "/statuses", 404, "text/html"),
    ],
)
async def test_it_is_answered_in_the_way_of_that_part_of_the_application(node, method, path, status, content_type):
    """With the number of the request and who it was."""
    alice = node.browser()
    await alice.log_in("alice", "alice")
    answer = await alice.request(method, path)
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (status, content_type)
    assert answer.headers["X-AUSERNAME"] == "alice"
    assert "x" in answer.headers["X-AREQUESTID"]


async def test_a_wrong_method_is_told_the_right_ones(node):
    """All of them, and of that path only."""
    for path, methods in (
        ("/rest/auth/1/session", "DELETE,GET,HEAD,POST"),
        ("/login.jsp", "GET,HEAD,POST"),
        ("/status", "GET"),
    ):
        answer = await node.browser().request("PATCH", path)
        assert (answer.status, answer.headers["Allow"]) == (405, methods)


@pytest.mark.parametrize(
    "path", ["/login.jsp", "/rest/api/2/serverInfo", "/browse/TEST-1", "/rest/api/2/issue/TEST-1/"]
)
async def test_head_is_answered_as_get_is(node, path):
    """The same status and length, and no body; the next answer on the connection is whole."""
    alice = await node.logged_in("alice")
    head, whole = await alice.request("HEAD", path), await alice.request("GET", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(whole.body))


async def test_a_health_check_by_another_method_costs_what_a_health_check_costs(node):
    """No cookie and no session for a balancer that asks with another method, whatever state the node is in."""
    for method in ("OPTIONS", "HEAD", "OPTIONS", "HEAD"):
        answer = await node.browser().request(method, "/status")
        assert answer.status == 405
        assert "Set-Cookie" not in answer.headers
        await node.operator("PUT", "/state", json={"state": "MAINTENANCE"})


async def test_an_expectation_that_cannot_be_met_is_refused_like_anything_else(node):
    """417 through the filters; 100-continue is met."""
    answer = await node.browser().request("GET", "/rest/api/2/serverInfo", headers={"Expect": "miracles"})
    assert answer.status == 417
    assert "X-AREQUESTID" in answer.headers
    met = await node.browser().request("GET", "/rest/api/2/serverInfo", headers={"Expect": "100-continue"})
    assert met.status == 200


async def test_no_session_is_opened_for_it(node):
    """A crawler of dead links costs no memory; a page that is there opens one."""
    assert not any("JSESSIONID" in cookie for cookie in await cookies_of(node, "/no/such/page"))
    assert not any("JSESSIONID" in cookie for cookie in await cookies_of(node, "/rest/api/2/nothing"))
    assert any("JSESSIONID" in cookie for cookie in await cookies_of(node, "/login.jsp"))


async def cookies_of(node, path):
    return (await node.browser().request("GET", path)).headers.getall("Set-Cookie", [])


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/a/b", "/a/b"),
        ("//a///b/", "/a/b/"),
        ("/a;x=1/b;y;z/", "/a/b/"),
        ("/a/./b/.", "/a/b/"),
        ("/a/b/../c/..", "/a/"),
        ("/a/..", "/"),
        ("/;x", "/"),
        ("/a/%2e%2E/b%2f..", "/b%2f.."),
        ("/...", "/..."),
        ("/a/../..", None),
        ("/..;/a", None),
    ],
)
def test_a_path_is_tidied_as_tomcat_does(path, served):
    """Parameters go first, so that they hide no dots; what is percent-encoded stays so."""
    assert tidy(path) == served


async def test_a_form_posted_to_an_untidy_path_is_read(node):
    """As old proxies and bookmarks have it, with the session in the path."""
    login = {"os_username": "alice", "os_password": "alice"}
    async with node.client.post(f"{node.url}/login.jsp;jsessionid=A", data=login, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["X-AUSERNAME"]) == (302, "alice")


async def test_nobody_is_sent_where_an_untidy_path_points(stores, database_url):
    """Back from the login page one comes to the page that was served, in this application and on this host."""
    async with running_node(stores, database_url, context_path="/jira") as node:
        url = URL(node.settings.url)
        for path in ("//jira/secure/ViewProfile.jspa", "/x/../jira;y/secure//ViewProfile.jspa;jsessionid=A"):
            target = url.with_path(path, encoded=True)
            async with node.client.get(target, allow_redirects=False) as answer:
                assert answer.status == 302, path
                assert "os_destination=%2Fsecure%2FViewProfile.jspa&" in answer.headers["Location"]


async def test_below_a_context_path_the_rest_of_the_world_is_unknown_too(stores, database_url):
    """Outside of it there is nothing, not even a REST resource; its own bare name is its front door."""
    async with running_node(stores, database_url, context_path="/jira") as node:
        url = URL(node.settings.url)
        for path, status, content_type in (
            ("/rest/api/2/serverInfo", 404, "text/html"),
            ("/jira/rest/api/2/serverInfo", 200, "application/json"),
            ("/jira/rest/api/2/nothing", 404, "application/json"),
            ("/jira/nothing", 404, "text/html"),
            ("/nothing", 404, "text/html"),
        ):
            async with node.client.get(url.with_path(path), allow_redirects=False) as answer:
                assert (answer.status, answer.content_type) == (status, content_type), path
                assert "X-AREQUESTID" in answer.headers
        async with node.client.get(url.with_path("/jira"), allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/jira/secure/Dashboard.jspa"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("OPTIONS * HTTP/1.1", 404),
        ("GET http://a/rest/api/2/serverInfo HTTP/1.1", 200),
        ("GET /rest%2Fapi/2/serverInfo HTTP/1.1", 404),
        ("GET //rest/api/2/serverInfo HTTP/1.1", 200),
        ("GET /rest//api/2/serverInfo HTTP/1.1", 200),
        ("GET /rest/api/2/serverInfo;jsessionid=A HTTP/1.1", 200),
        ("GET /rest;a/api/2/../latest/./serverInfo HTTP/1.1", 200),
        ("GET /rest/api/2/%2E%2e/latest/serverInfo HTTP/1.1", 200),
        ("GET http://a//rest/api/2/serverInfo HTTP/1.1", 200),
        ("GET /login.jsp;jsessionid=A?os_authType=none HTTP/1.1", 200),
        ("GET /browse/../secure/admin/user/UserBrowser.jspa HTTP/1.1", 302),
        ("GET //secure/Dashboard.jspa HTTP/1.1", 302),
        ("GET /login.jsp/..;/rest/api/2/myself HTTP/1.1", 401),
        ("GET /rest/../../login.jsp HTTP/1.1", 400),
        ("GET /..;/login.jsp HTTP/1.1", 400),
        ("GET /.../.x;y HTTP/1.1", 404),
        ("HEAD /browse/TEST-1;x HTTP/1.1", 200),
        ("GET //evil.example/login.jsp HTTP/1.1", 404),
        ("GET /login.jsp%0a HTTP/1.1", 404),
    ],
)
async def test_strange_targets(node, line, status):
    """Nothing a request line can say is a server error."""
    url = URL(node.settings.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"{line}\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ", 2)[1] == str(status).encode(), answer
