"""Sessions of nobody: who gets one, what a login makes of it, and when it is taken for a bot's."""

import pytest

from shared.contract import SESSION_COOKIE
from tests.support.nodes import running_node

MINUTE_MS = 60_000
GOOD = {"username": "alice", "password": "alice"}


@pytest.mark.parametrize("path", ["/login.jsp", "/secure/Dashboard.jspa", "/"])
async def test_a_page_opens_a_session_for_a_visitor(node, path):
    """Also the redirect to the login page does; the visitor is nobody, and is sent no second cookie."""
    browser = node.browser()
    answer = await browser.request("GET", path)
    first = browser.session_id
    assert (first is not None, answer.username) == (True, None)
    await browser.request("GET", path)
    assert browser.session_id == first


@pytest.mark.parametrize("path", ["/rest/api/2/serverInfo", "/rest/auth/1/session", "/status", "/nothing"])
async def test_rest_and_health_checks_open_none(node, path):
    """A script or a balancer would leave one behind at every request."""
    browser = node.browser()
    await browser.request("GET", path)
    assert browser.session_id is None


async def test_a_session_of_nobody_is_no_dead_cookie(node):
    """`os_authType=any` refuses a cookie without a session, not a session without a user."""
    browser = node.browser()
    await browser.request("GET", "/login.jsp")
    assert (await browser.request("GET", "/rest/api/2/serverInfo")).status == 200
    assert (await browser.request("GET", "/rest/api/2/serverInfo?os_authType=cookie")).status == 200
    stranger = node.browser({SESSION_COOKIE: "A" * 32})
    assert (await stranger.request("GET", "/secure/Dashboard.jspa?os_authType=any")).status == 401
    assert stranger.session_id == "A" * 32


async def test_a_page_replaces_a_dead_session(node):
    """The cookie of another node, or of before the restart, is overwritten by the first page."""
    browser = node.browser({SESSION_COOKIE: "A" * 32})
    answer = await browser.request("GET", "/login.jsp")
    assert browser.session_id != "A" * 32
    assert answer.session_ended == "unknown"


async def test_a_crawlers_session_lasts_a_minute(node):
    """Sixty seconds after its only request it is gone; one that came back has the five hours."""
    crawler, visitor = node.browser(), node.browser()
    for browser in (crawler, visitor, visitor):
        await browser.request("GET", "/login.jsp")
    await node.step(MINUTE_MS)
    assert (await crawler.who_am_i()).session_ended == "idle"
    await node.step(4 * 60 * MINUTE_MS)
    assert (await visitor.who_am_i()).session_ended is None


async def test_a_script_that_logs_in_and_waits_is_out_after_ten_minutes(node):
    """Its login was the only request of the session; a browser had looked at the form before."""
    script, browser = node.browser(), node.browser()
    await script.request("POST", "/rest/auth/1/session", json=GOOD)
    await browser.request("GET", "/login.jsp")
    await browser.log_in("alice", "alice")
    await node.step(10 * MINUTE_MS)
    assert (await script.who_am_i()).session_ended == "idle"
    assert (await browser.who_am_i()).status == 200


@pytest.mark.parametrize("settings", [{"switches": {"bot_killer": False}}, {"session_idle_s": 600}])
async def test_without_the_bot_killer_a_script_keeps_its_session(stores, database_url, settings):
    """Switched off, or not concerned because the configured limit is no longer than its own."""
    async with running_node(stores, database_url, **settings) as node:
        script = node.browser()
        await script.request("POST", "/rest/auth/1/session", json=GOOD)
        await node.step(10 * MINUTE_MS - 1)
        assert (await script.who_am_i()).status == 200


@pytest.mark.parametrize("guarded", [True, False])
async def test_the_session_id_changes_at_login_if_the_guard_is_on(stores, database_url, guarded):
    """Off, an id planted before the login is logged in with it: session fixation, as the setting has it."""
    async with running_node(stores, database_url, login_rules={"renew_session": guarded}) as node:
        victim = node.browser()
        await victim.request("GET", "/login.jsp")
        planted = victim.carrying(SESSION_COOKIE)
        assert (await victim.log_in("alice", "alice")).status == 302
        assert (await planted.who_am_i()).username == (None if guarded else "alice")


async def test_a_taken_over_session_leaves_its_first_user(stores, database_url):
    """Without the guard the id stays and bob is in; ending alice's sessions does not hurt him."""
    async with running_node(stores, database_url, login_rules={"renew_session": False}) as node:
        browser, admin = await node.logged_in("alice"), await node.logged_in("admin")
        before = browser.session_id
        await browser.log_in("bob", "bob")
        assert browser.session_id == before
        await admin.request("DELETE", "/rest/api/2/user/session/alice")
        assert (await browser.who_am_i()).username == "bob"
        await admin.request("DELETE", "/rest/api/2/user/session/bob")
        assert (await browser.who_am_i()).session_ended == "invalidated"


async def test_a_max_age_makes_the_cookie_permanent_and_ends_the_session(stores, database_url):
    """cookie-config/max-age: eight hours after the login, however busy the user was."""
    async with running_node(stores, database_url, session_max_age_s=8 * 3600) as node:
        browser = node.browser()
        login = await browser.request("POST", "/rest/auth/1/session", json=GOOD)
        assert "; Max-Age=28800" in login.headers["Set-Cookie"]
        for _ in range(7):
            assert (await browser.who_am_i()).status == 200
            await node.step(60 * MINUTE_MS)
        await node.step(60 * MINUTE_MS)
        assert (await browser.who_am_i()).session_ended == "max-age"
