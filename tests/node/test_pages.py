"""What a browser sees: the login page, where it leads, and the landing page."""

import re

import pytest

from shared import contract
from tests.support.nodes import running_node


async def test_a_page_sends_nobody_to_the_login_page_and_back(node):
    """302 with the destination, and after login 302 to where the visitor wanted to go."""
    browser = node.browser()
    answer = await browser.request("GET", "/secure/Dashboard.jspa?tab=2")
    assert answer.status == 302
    location = answer.headers["Location"]
    wanted = "%2Fsecure%2FDashboard.jspa%3Ftab%3D2"
    assert location == f"/login.jsp?permissionViolation=true&os_destination={wanted}&page_caps=&user_role="
    page = await browser.request("GET", location)
    assert b"You must log in" in page.body
    destination = re.search(rb'name="os_destination" value="([^"]*)"', page.body)[1].decode()
    form = {"os_username": "alice", "os_password": "alice", "os_destination": destination}
    landed = await browser.request("POST", "/login.jsp", form=form)
    assert (landed.status, landed.headers["Location"]) == (302, "/secure/Dashboard.jspa?tab=2")


async def test_the_landing_page_says_who_where_and_what_knew_them(node):
    """A glance tells the trainer what just happened."""
    browser = await node.logged_in("alice")
    page = (await browser.request("GET", "/secure/Dashboard.jspa")).body.decode()
    assert '<dd id="node">node-1</dd>' in page
    assert '<dd id="user">alice</dd>' in page
    assert '<dd id="known-via">web-session</dd>' in page


async def test_the_box_must_say_true(node):
    """Seraph compares with the literal; `True` or `on` set no cookie."""
    for value, remembered in (("true", True), ("True", False), ("on", False)):
        browser = node.browser()
        form = {"os_username": "alice", "os_password": "alice", "os_cookie": value}
        await browser.request("POST", "/login.jsp", form=form)
        assert (contract.REMEMBER_ME_COOKIE in browser.cookies) is remembered


async def test_credentials_in_the_url_are_not_looked_at(node):
    """They would stand in every log on the way."""
    answer = await node.browser().request("GET", "/rest/api/2/myself?os_username=alice&os_password=alice")
    assert answer.status == 401
    assert contract.LOGIN_REASON not in answer.headers


async def test_a_failed_login_shows_the_form_again(node):
    """The name is kept, the password is not, and what was typed is no HTML."""
    answer = await node.browser().log_in('"><script>alert(1)</script>', "secret-typed")
    assert answer.status == 200
    assert b'role="alert"' in answer.body
    assert b"<script>" not in answer.body
    assert b"secret-typed" not in answer.body


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
async def test_login_leads_nowhere_else(node, wanted):
    """An open redirect would be a gift to phishers."""
    form = {"os_username": "alice", "os_password": "alice", "os_destination": wanted}
    answer = await node.browser().request("POST", "/login.jsp", form=form)
    assert (answer.status, answer.headers["Location"]) == (302, "/")


async def test_below_a_context_path_everything_moves(stores, database_url):
    """Paths, redirects, links and cookie paths start with it; the root knows nothing."""
    async with running_node(
        stores, database_url, context_path="/jira", base_url="http://jira.example.com/jira"
    ) as node:
        browser = await node.logged_in("alice", remember=True)
        login = await node.browser().log_in("alice", "alice", remember=True)
        assert all("Path=/jira" in line.split("; ") for line in login.headers.getall("Set-Cookie"))
        assert login.headers["Location"] == "/jira"
        assert (await browser.request("GET", "")).headers["Location"] == "/jira/secure/Dashboard.jspa"
        anonymous = await node.browser().request("GET", "/secure/Dashboard.jspa")
        assert anonymous.headers["Location"].startswith(
            "/jira/login.jsp?permissionViolation=true&os_destination=%2Fsecure"
        )
        me = (await browser.request("GET", "/rest/api/2/myself")).json()
        assert me["self"] == "http://jira.example.com/jira/rest/api/2/user?username=alice"
        outside = await node.client.get(node.settings.url + "/rest/api/2/myself")
        assert outside.status == 404


async def test_behind_tls_cookies_are_secure(node):
    """The balancer's X-Forwarded-Proto decides."""
    answer = await node.browser().request(
        "POST",
        "/rest/auth/1/session",
        json={"username": "alice", "password": "alice"},
        headers={"X-Forwarded-Proto": "https"},
    )
    assert "; Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("header", [{"X-Big": "x" * 20_000}, {"Cookie": "a=" + "b" * 20_000}])
async def test_oversized_headers_are_refused(node, header):
    """400 without a stack trace."""
    async with node.client.get(node.url + "/status", headers=header) as response:
        assert response.status == 400
        assert "Traceback" not in await response.text()
