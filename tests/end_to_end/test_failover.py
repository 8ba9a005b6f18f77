"""A node dies: who is thrown out, who goes on, who notices nothing."""

import asyncio

from compose.people.browser import Browser
from shared.contract import ROUTE_COOKIE, SESSION_COOKIE
from tests.support.eventually import eventually

MYSELF = "/rest/api/2/myself"
DASHBOARD = "/secure/Dashboard.jspa"


async def people_on(cluster, client, *, remember):
    """One logged-in browser bound to each node, by node."""
    found = {}
    while len(found) < len(cluster.nodes):
        browser = Browser(client, cluster.base_url)
        await browser.log_in("alice", "alice", remember=remember)
        answer = await browser.who_am_i()
        assert answer.status == 200
        found.setdefault(answer.node, browser)
    return found


async def test_without_remember_me_the_users_of_a_killed_node_must_log_in_again(cluster, client):
    """401 for scripts, the login page for browsers, and the users of other nodes notice nothing."""
    people = await people_on(cluster, client, remember=False)
    sessions = {node: browser.session_id for node, browser in people.items()}
    await cluster.kill("node-2")
    rest = await people["node-2"].request("GET", MYSELF)
    assert (rest.status, rest.session_ended) == (401, "unknown")
    page = await people["node-2"].request("GET", DASHBOARD)
    assert page.status == 302
    assert page.headers["Location"].startswith("/login.jsp?permissionViolation=true")
    for node in ("node-1", "node-3"):
        answer = await people[node].request("GET", MYSELF)
        assert (answer.status, answer.node, answer.known_via) == (200, node, "web-session")
        assert people[node].session_id == sessions[node]


async def test_with_remember_me_they_go_on_without_a_prompt(cluster, client):
    """The first request after the crash is answered 200 by another node, with a new JSESSIONID and a new route."""
    people = await people_on(cluster, client, remember=True)
    browser = people["node-2"]
    before = dict(browser.cookies)
    await cluster.kill("node-2")
    answer = await browser.request("GET", MYSELF)
    assert (answer.status, answer.known_via) == (200, "remember-me")
    assert answer.node in ("node-1", "node-3")
    assert browser.cookies[SESSION_COOKIE] != before[SESSION_COOKIE]
    assert browser.cookies[ROUTE_COOKIE] != before[ROUTE_COOKIE]
    for _ in range(20):
        again = await browser.request("GET", MYSELF)
        assert (again.node, again.known_via) == (answer.node, "web-session")


async def test_a_node_that_comes_back_has_forgotten_everybody(cluster, client):
    """It is found again by the balancer; who is sent there with an old session is not known."""
    people = await people_on(cluster, client, remember=False)
    await cluster.kill("node-2")
    await cluster.start("node-2")
    direct = Browser(client, cluster.nodes["node-2"].url, {SESSION_COOKIE: people["node-2"].session_id})
    answer = await direct.who_am_i()
    assert (answer.status, answer.session_ended) == (401, "unknown")

    async def found_again():
        status = await cluster.client.status(cluster.balancer_admin_url)
        return all(node["health"] == "up" for node in status["nodes"])

    await eventually(found_again)
    newcomers = await people_on(cluster, client, remember=False)
    assert set(newcomers) == set(cluster.nodes)


async def test_a_polite_stop_costs_no_request(cluster, client):
    """SIGTERM: the node says STOPPING, the balancer leaves it, and nobody ever sees an error."""
    people = await people_on(cluster, client, remember=True)
    stop = asyncio.create_task(cluster.stop("node-2"))
    statuses = []
    while not stop.done():
        answers = await asyncio.gather(*(browser.request("GET", MYSELF) for browser in people.values()))
        statuses += [answer.status for answer in answers]
    await stop
    assert len(statuses) > 30
    assert set(statuses) == {200}


async def test_a_cookie_of_garbage_is_a_new_client(cluster, client):
    """Never an error, whatever the route cookie says."""
    for value in ("", "x", "node-1", "a.b.c", '"', "%00", "é"):
        answer = await Browser(client, cluster.base_url, {ROUTE_COOKIE: value}).request("GET", "/status")
        assert answer.status == 200


async def test_all_nodes_down_is_an_explicit_503(cluster, client):
    """The balancer says so itself instead of hanging."""
    for node in cluster.nodes:
        await cluster.kill(node)

    async def refused():
        answer = await Browser(client, cluster.base_url).request("GET", "/status")
        return answer.status in (502, 503) and answer.node is None

    await eventually(refused)
