"""A real browser in front of real processes: what people see when a node dies, when time passes, when they are logged
out, and when an administrator acts."""

import pytest
import pytest_asyncio
from playwright.async_api import expect

from compose.people.browser import open_client
from shared.contract import OPERATOR_PREFIX, OPERATOR_TOKEN, REMEMBER_ME_COOKIE, SESSION_COOKIE
from tests.support.chromium import NODE, person, running_chromium
from tests.support.clusters import running_cluster
from tests.support.requirements import require

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR_MS = 3_600_000
DASHBOARD = "/secure/Dashboard.jspa"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium():
    """One browser for the whole file; people in it share nothing."""
    require("browser")
    async with running_chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def cluster(chromium, stores, warm):
    """Two nodes and the balancer."""
    async with running_cluster(stores, warm, nodes=2) as cluster:
        yield cluster


async def text_of_picture(cluster, node_id, session_id):
    """The CAPTCHA of a session, from the node's operator endpoint: tests have no eyes."""
    url = f"{cluster.nodes[node_id].operator_url}{OPERATOR_PREFIX}/captcha?session={session_id}"
    async with open_client() as client, client.get(url, headers={OPERATOR_TOKEN: cluster.admin_token}) as response:
        return (await response.json())["text"]


async def test_a_crash_with_and_without_the_box_ticked(chromium, cluster):
    """Ticked: a reload stays logged in and shows another node. Not ticked: the login page, and back after login."""
    async with person(chromium, cluster.base_url) as ticked, person(chromium, cluster.base_url) as plain:
        await ticked.log_in("alice", remember=True)
        await plain.log_in("bob")
        dead = await ticked.node()
        while await plain.node() != dead:  # each further window is put on the next node
            await plain.context.clear_cookies()
            await plain.log_in("bob")
        await cluster.kill(dead)
        await ticked.page.reload()
        await expect(ticked.page.locator("#user")).to_have_text("alice")
        await expect(ticked.page.locator("#known-via")).to_have_text("remember-me")
        assert await ticked.node() != dead
        await plain.page.reload()
        await expect(plain.page.locator("#login-form")).to_be_visible()
        await plain.fill_login("bob", "bob")
        await expect(plain.page.locator("#user")).to_have_text("bob")


async def test_a_dashboard_left_alone_for_six_hours_stays_logged_in(chromium, cluster):
    """Its gadgets refresh by themselves an hour apart; the same user's plain page is at the login page afterwards."""
    async with person(chromium, cluster.base_url) as watching, person(chromium, cluster.base_url) as away:
        await watching.page.clock.install()
        await watching.log_in("alice")
        await away.log_in("alice")
        await away.visit("/browse/TEST-3")
        session = await watching.cookie(SESSION_COOKIE)
        refreshed = watching.page.locator("[data-gadget=assigned] .refreshed")
        for _ in range(6):
            before = await refreshed.inner_text()
            await cluster.clock.step(by_ms=HOUR_MS)
            await watching.page.clock.fast_forward(60_000)
            await expect(refreshed).not_to_have_text(before)
        await watching.page.get_by_role("link", name="TEST-8").click()
        await expect(watching.page.get_by_role("heading", level=1)).to_have_text("CAPTCHA locks out the build server")
        assert (await watching.cookie(SESSION_COOKIE))["value"] == session["value"]
        await away.page.get_by_role("link", name="Dashboard").click()
        await expect(away.page.locator("#login-form")).to_be_visible()


async def test_gadgets_pause_and_say_when_the_session_is_over(chromium, cluster):
    """Paused, nothing is asked and the session ends; the next refresh says so and offers the login page."""
    async with person(chromium, cluster.base_url) as alice:
        await alice.page.clock.install()
        await alice.log_in("alice")
        pause = alice.page.get_by_role("button", name="Pause")
        await pause.click()
        await expect(pause).to_have_attribute("aria-pressed", "true")
        before = await alice.page.locator("[data-gadget=session] .refreshed").inner_text()
        await cluster.clock.step(by_ms=5 * HOUR_MS)
        await alice.page.clock.fast_forward(3_600_000)
        assert await alice.page.locator("[data-gadget=session] .refreshed").inner_text() == before
        await alice.page.get_by_role("button", name="Refresh now").click()
        await expect(alice.page.get_by_role("alert")).to_contain_text("your session is over (idle)")
        await alice.page.get_by_role("link", name="Log in again").click()
        await alice.fill_login("alice", "alice")
        await expect(alice.page.locator("#dashboard")).to_be_visible()


async def test_the_captcha_after_three_wrong_passwords(chromium, cluster):
    """The right password alone is not enough then; with what the picture says it is."""
    async with person(chromium, cluster.base_url) as bob:
        await bob.visit("/login.jsp")
        for _ in range(3):
            await bob.fill_login("bob", "wrong")
        picture = bob.page.locator("#captcha img")
        await expect(picture).to_be_visible()
        assert await picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 200
        answer = bob.page.locator("[name=os_captcha]")
        await answer.fill("wrong")
        await bob.fill_login("bob", "bob")
        await expect(bob.page.get_by_role("alert")).to_be_visible()
        node, session = await bob.node(), await bob.cookie(SESSION_COOKIE)
        await answer.fill(await text_of_picture(cluster, node, session["value"]))
        await bob.fill_login("bob", "bob")
        await expect(bob.page.locator("#user")).to_have_text("bob")


async def test_logging_out_asks_unless_the_link_is_ours(chromium, cluster):
    """A bare address asks first; the link in the bar does it at once and takes the remember-me cookie along."""
    async with person(chromium, cluster.base_url) as alice:
        await alice.log_in("alice", remember=True)
        await alice.visit("/secure/Logout!default.jspa")
        await alice.page.get_by_role("link", name="Stay logged in").click()
        await expect(alice.page.locator("#user")).to_have_text("alice")
        await alice.visit("/logout")
        await alice.page.get_by_role("button", name="Log out").click()
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("You are logged out")
        assert await alice.cookie(REMEMBER_ME_COOKIE) is None
        await alice.log_in("alice", remember=True)
        await alice.page.get_by_role("link", name="Log out").click()
        await expect(alice.page.get_by_role("heading", level=1)).to_have_text("You are logged out")
        assert await alice.cookie(REMEMBER_ME_COOKIE) is None
        await alice.visit(DASHBOARD)
        await expect(alice.page.locator("#login-form")).to_be_visible()


async def test_an_administrator_changes_a_password_and_the_user_is_out_at_the_next_click(chromium, cluster):
    """On another node, though her browser was remembered; the administrator reads what was ended."""
    async with person(chromium, cluster.base_url) as admin, person(chromium, cluster.base_url) as alice:
        await alice.log_in("alice", remember=True)
        await admin.log_in("admin")
        while await admin.node() == await alice.node():
            await admin.context.clear_cookies()
            await admin.log_in("admin")
        await admin.page.get_by_role("link", name="Administration").click()
        await admin.page.get_by_label("Password").fill("admin")
        await admin.page.get_by_role("button", name="Confirm").click()
        await admin.page.get_by_role("link", name="alice").click()
        await admin.page.get_by_label("New password", exact=True).fill("new")
        await admin.page.get_by_label("New password again").fill("new")
        await admin.page.get_by_role("button", name="Set password").click()
        await expect(admin.page.locator("#facts")).to_contain_text("1 remember-me token deleted")
        await expect(admin.page.locator("#facts")).to_contain_text("applied after")
        await alice.page.get_by_role("link", name="Dashboard").click()
        await expect(alice.page.locator("#login-form")).to_be_visible()
        await alice.fill_login("alice", "new")
        await expect(alice.page.locator("#user")).to_have_text("alice")


async def test_what_browsers_keep_of_how_a_page_was_looked_at(chromium, cluster):
    """A typed query comes back with the back button; without local storage there is Jira's cookie that says so."""
    async with person(chromium, cluster.base_url) as carol:
        await carol.visit("/issues/?view=advanced")
        await carol.page.get_by_label("JQL").fill("status = Open AND votes > 3")
        await carol.page.get_by_role("link", name="TEST-25").click()
        await carol.page.go_back()
        await expect(carol.page.get_by_label("JQL")).to_have_value("status = Open AND votes > 3")
        assert await carol.cookie("AJS.thisPage") is None
        await carol.page.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError') } })"
        )
        await carol.page.reload()
        cookie = await carol.cookie("AJS.thisPage")
        assert (cookie["value"], cookie["expires"]) == ("no-local-storage", -1)
        navigator = await carol.cookie("jira.issue.navigator.type")
        assert navigator["value"] == "advanced"
        assert navigator["expires"] > 0  # not with the browser, as the other one does


async def test_the_keyboard_reaches_the_content_first(chromium, cluster):
    """The first stop is a link past the bar, and following it leaves the bar behind."""
    async with person(chromium, cluster.base_url) as dave:
        await dave.log_in("dave")
        await dave.page.keyboard.press("Tab")
        skip = dave.page.get_by_role("link", name="Skip to content")
        await expect(skip).to_be_focused()
        await dave.page.keyboard.press("Enter")
        await expect(dave.page.locator("main")).to_be_focused()
        await expect(dave.page.locator(NODE)).to_have_text(await dave.node())
