"""What nobody has leaves the node like any other answer: through the filters, and with the methods the path does have."""

import asyncio

import pytest
from yarl import URL

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
        ("GET //rest/api/2/serverInfo HTTP/1.1", 404),
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
