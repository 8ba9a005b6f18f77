"""Pages for administrators: what they do, what they say about it, and what they refuse."""

import re

from compose.people.browser import Browser
from shared.contract import REMEMBER_ME_COOKIE
from tests.support.eventually import eventually
from tests.support.forms import confirm_password, post_form, text_of
from tests.support.nodes import running_node, two_nodes

USER = "/secure/admin/user"
ALL_TOKENS = f"{USER}/AllUsersRememberMeCookies.jspa"
PAGES = [
    f"{USER}/UserBrowser.jspa",
    f"{USER}/ViewUser.jspa?name=bob",
    f"{USER}/EditUser.jspa?editName=bob",
    f"{USER}/AnonymizeUser.jspa?taskId=1",
    ALL_TOKENS,
    "/secure/admin/Clustering.jspa",
]
ACTIONS = [
    (f"{USER}/SetPassword.jspa", {"name": "bob", "password": "x", "confirm": "x"}),
    (f"{USER}/EndSessions.jspa", {"name": "bob"}),
    (f"{USER}/UserRememberMeCookies.jspa", {"name": "bob"}),
    (f"{USER}/DeleteUser.jspa", {"name": "bob", "sure": "true"}),
    (f"{USER}/AnonymizeUser.jspa", {"name": "bob", "sure": "true"}),
    (f"{USER}/EditUser.jspa", {"editName": "bob", "username": "bob", "fullName": "B", "email": "b"}),
    (ALL_TOKENS, {"sure": "true"}),
]


async def administrator(node) -> Browser:
    """Logged in, with the password confirmed."""
    browser = await node.logged_in("admin")
    await confirm_password(browser, "admin")
    return browser


def facts(answer):
    """What the page after an action says was ended."""
    return re.findall(r"<li>(.*?)</li>", text_of(answer).partition('id="facts"')[2].partition("</ul>")[0])


async def test_pages_are_for_administrators_who_have_confirmed(node):
    """Others are sent to log in, an administrator to confirm his password first."""
    alice, admin = await node.logged_in("alice"), await node.logged_in("admin")
    for page in PAGES:
        assert (await alice.request("GET", page)).headers["Location"].startswith("/login.jsp?permissionViolation")
        assert (await admin.request("GET", page)).headers["Location"].startswith("/secure/admin/WebSudoAuthenticate")


async def test_actions_are_guarded_three_times(node):
    """By the XSRF token, by the right, and by the confirmed password; bob notices nothing."""
    bob, alice, admin, confirmed = [
        await node.logged_in(name, remember=True) for name in ("bob", "alice", "admin", "admin")
    ]
    await confirm_password(confirmed, "admin")
    for path, fields in ACTIONS:
        await post_form(alice, path, **fields)
        unconfirmed = await post_form(admin, path, **fields)
        assert "WebSudoAuthenticate" in unconfirmed.headers["Location"], path
        assert b"SecurityTokenMissing" in (await confirmed.request("POST", path, form=fields)).body, path
    assert (await bob.who_am_i()).status == 200
    assert (await bob.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 200
    assert "Bob Baker" in text_of(await confirmed.request("GET", f"{USER}/ViewUser.jspa?name=bob"))


async def test_setting_a_password_says_what_it_ended_where(stores, database_url):
    """Two sessions here, one there, one token; the counts are those of this node and the database."""
    async with two_nodes(stores, database_url) as (first, second):
        admin = await administrator(first)
        here = [await first.logged_in("bob", remember=True), await first.logged_in("bob")]
        there = await second.logged_in("bob")
        answer = await post_form(admin, f"{USER}/SetPassword.jspa", name="bob", password="new", confirm="new")
        assert facts(answer)[:2] == ["On node-1: 2 sessions ended.", "In the database: 1 remember-me token deleted."]
        assert re.fullmatch(
            r"Other nodes: node-2 applied after \d+ ms \(real\) \(entry 1 of the invalidation log\)\.", facts(answer)[2]
        )
        assert [(await browser.who_am_i()).session_ended for browser in here] == ["invalidated", "invalidated"]

        async def out_there_too():
            return (await there.who_am_i()).session_ended == "invalidated"

        await eventually(out_there_too)
        assert (await first.browser().log_in("bob", "new")).status == 302
        log = text_of(await admin.request("GET", "/secure/admin/Clustering.jspa"))
        assert "admin-password" in log


async def test_before_9_11_the_page_says_that_nobody_else_is_told(stores, database_url):
    """And there is no way to end sessions without changing something."""
    async with running_node(stores, database_url, version="9.10") as node:
        admin, bob = await administrator(node), await node.logged_in("bob")
        page = await admin.request("GET", f"{USER}/ViewUser.jspa?name=bob")
        assert "End the sessions" not in text_of(page)
        assert (await post_form(admin, f"{USER}/EndSessions.jspa", name="bob")).status == 404
        answer = await post_form(admin, f"{USER}/DeleteUser.jspa", name="bob", sure="true")
        assert "not told, as before 9.11" in facts(answer)[2]
        assert "at most 15 minutes of policy time" in facts(answer)[2]
        assert (await bob.who_am_i()).status == 401


async def test_ending_sessions_keeps_the_password(node):
    """As DELETE user/session does."""
    admin, bob = await administrator(node), await node.logged_in("bob", remember=True)
    answer = await post_form(admin, f"{USER}/EndSessions.jspa", name="bob")
    assert facts(answer)[:2] == ["On node-1: 1 session ended.", "In the database: 1 remember-me token deleted."]
    assert (await bob.who_am_i()).status == 401
    assert (await node.logged_in("bob")).session_id


async def test_forgetting_browsers_ends_no_session(node):
    """Of one user and of all; the total is shown first."""
    admin = await administrator(node)
    bob, alice = await node.logged_in("bob", remember=True), await node.logged_in("alice", remember=True)
    assert '<strong id="total">2</strong>' in text_of(await admin.request("GET", ALL_TOKENS))
    answer = await post_form(admin, f"{USER}/UserRememberMeCookies.jspa", name="bob")
    assert facts(answer) == ["In the database: 1 remember-me token deleted.", "Sessions that are open stay open."]
    assert (await bob.who_am_i()).status == 200
    assert (await bob.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401
    assert (await post_form(admin, ALL_TOKENS)).status == 400
    assert (await alice.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 200
    assert facts(await post_form(admin, ALL_TOKENS, sure="true"))[0] == "In the database: 1 remember-me token deleted."
    assert (await alice.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401


async def test_anonymizing_shows_how_it_went(node):
    """The page of the task says the new name and what is void."""
    admin, bob = await administrator(node), await node.logged_in("bob")
    started = await post_form(admin, f"{USER}/AnonymizeUser.jspa", name="bob", sure="true")
    assert started.status == 302

    async def finished():
        page = await admin.request("GET", started.headers["Location"])
        return facts(page)

    told = await eventually(finished)
    assert "jirauser10002" in told[0]
    assert "epoch below 1" in told[1]
    assert (await bob.who_am_i()).status == 401


async def test_deactivating_and_activating(node):
    """A box that is not ticked is not sent, and that deactivates; ticking it again lets the user in again."""
    admin = await administrator(node)
    fields = {"editName": "bob", "username": "bobby", "fullName": "Bobby", "email": "b@example.com"}
    answer = await post_form(admin, f"{USER}/EditUser.jspa", **fields)
    assert "cannot log in any more" in facts(answer)[0]
    assert (await node.browser().log_in("bobby", "bob")).status == 200
    again = await post_form(admin, f"{USER}/EditUser.jspa", **fields | {"editName": "bobby"}, active="true")
    assert "may log in again" in facts(again)[0]
    assert (await node.browser().log_in("bobby", "bob")).status == 302


REFUSED = [
    ("SetPassword", {"name": "bob", "password": "a", "confirm": "b"}, 400, "not the same"),
    ("SetPassword", {"name": "bob"}, 400, "password"),
    ("SetPassword", {"name": "nobody", "password": "a", "confirm": "a"}, 404, "nobody"),
    ("SetPassword", {}, 400, "name"),
    ("DeleteUser", {"name": "bob"}, 400, "Tick the box"),
    ("DeleteUser", {"name": "admin", "sure": "true"}, 400, "cannot delete the user you are logged in as"),
    ("AnonymizeUser", {"name": "bob"}, 400, "Tick the box"),
    ("AnonymizeUser", {"name": "admin", "sure": "true"}, 400, "cannot anonymize yourself"),
    ("EditUser", {"editName": "admin", "username": "admin", "fullName": "A", "email": "a"}, 400, "cannot deactivate"),
    ("EditUser", {"editName": "bob", "username": "alice", "fullName": "A", "email": "a"}, 400, "already exists"),
    ("EditUser", {"editName": "bob", "username": "B<", "fullName": "A", "email": "a"}, 400, "lower case"),

]  # fmt: skip


async def test_what_is_refused_is_said_once_and_changes_nothing(node):
    """A page with one sentence; bob can still log in with his password."""
    admin = await administrator(node)
    for path, fields, status, told in REFUSED:
        answer = await post_form(admin, f"{USER}/{path}.jspa", **fields)
        assert answer.status == status, (path, fields)
        assert told in text_of(answer).partition('role="alert"')[2].partition("</p>")[0]
    assert (await node.logged_in("bob")).session_id
    assert (await admin.who_am_i()).status == 200


async def test_who_there_is(node):
    """Filtered by part of a name; sessions are those of this node, browsers those of the database."""
    admin = await administrator(node)
    await node.logged_in("bob", remember=True)
    page = text_of(await admin.request("GET", f"{USER}/UserBrowser.jspa?userSearchFilter=BOB"))
    assert re.findall(r'ViewUser.jspa\?name=(\w+)"', page) == ["bob"]
    assert 'data-label="Sessions here">1<' in page
    assert 'data-label="Remembered browsers">1<' in page
    assert "Nobody found" in text_of(await admin.request("GET", f"{USER}/UserBrowser.jspa?userSearchFilter=%25"))
    assert (await admin.request("GET", f"{USER}/UserBrowser.jspa?start=x")).status == 400
    assert (await admin.request("GET", f"{USER}/ViewUser.jspa?name=nobody")).status == 404
    assert (await admin.request("GET", f"{USER}/AnonymizeUser.jspa?taskId=5")).status == 404


async def test_a_secure_session_that_ran_out_before_the_action(node):
    """After confirming again one is back at the list, and nothing was done."""
    admin = await administrator(node)
    await node.step(10 * 60_000)
    answer = await post_form(admin, f"{USER}/EndSessions.jspa", name="bob")
    assert "webSudoIsPost=true" in answer.headers["Location"]
    await confirm_password(admin, "admin")
    back = await admin.request("GET", f"{USER}/EndSessions.jspa")
    assert (back.status, back.headers["Location"]) == (302, f"{USER}/UserBrowser.jspa")
