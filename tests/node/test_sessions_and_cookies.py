"""Who is known by what: web session, Crowd entry, remember-me cookie, Basic, and how long each lasts."""

import base64

import pytest

from node.xsrf import new_token
from shared import contract
from shared.contract import REMEMBER_ME_COOKIE, SESSION_COOKIE, XSRF_COOKIE
from shared.settings import CrowdGate, Switches
from tests.support.nodes import running_node

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
MYSELF = "/rest/api/2/myself"


def basic(username, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()}


async def test_an_idle_session_ends_after_five_hours(node):
    """300 minutes, to the millisecond, and each use moves the end."""
    browser = await node.logged_in("alice")
    await node.step(5 * HOUR_MS - 1)
    assert (await browser.who_am_i()).status == 200
    await node.step(5 * HOUR_MS - 1)
    assert (await browser.who_am_i()).status == 200
    await node.step(5 * HOUR_MS)
    answer = await browser.who_am_i()
    assert (answer.status, answer.session_ended) == (401, "idle")


async def test_an_expired_session_is_401_for_rest_with_the_message_of_os_auth_type(node):
    """A cookie that means nothing is refused instead of silently served as anonymous."""
    browser = node.browser({SESSION_COOKIE: "0" * 32})
    answer = await browser.request("GET", MYSELF)
    assert answer.status == 401
    assert answer.json()["message"] == contract.STALE_COOKIE_ANY
    assert (await browser.request("GET", f"{MYSELF}?os_authType=none")).status == 401
    assert (await browser.request("GET", "/rest/api/2/serverInfo?os_authType=none")).status == 200
    assert (await browser.request("GET", "/rest/api/2/serverInfo")).status == 401
    cookie = await node.browser().request("GET", "/rest/api/2/serverInfo?os_authType=cookie")
    assert (cookie.status, cookie.json()["message"]) == (401, contract.STALE_COOKIE_COOKIE)
    challenged = await node.browser().request("GET", "/rest/api/2/serverInfo?os_authType=basic")
    assert (challenged.status, challenged.headers["WWW-Authenticate"]) == (401, 'Basic realm="protected-area"')


@pytest.mark.parametrize("is_ours_first", [True, False])
@pytest.mark.parametrize("noise", ["", 'other="x;y"; '])
async def test_another_application_of_the_same_host_does_not_disturb(node, is_ours_first, noise):
    """Cookies ignore ports, so its session and its XSRF token come along; ours are found before and behind them."""
    alice, elsewhere = await node.logged_in("alice", remember=True), new_token("ABCD-ABCD-ABCD-ABCD", logged_in=True)
    theirs = {SESSION_COOKIE: "F" * 32, XSRF_COOKIE: elsewhere}
    both = [(name, [alice.cookies[name], value][:: 1 if is_ours_first else -1]) for name, value in theirs.items()]
    header = noise + "; ".join(f"{name}={value}" for name, values in both for value in values)
    script = node.browser()
    answer = await script.request("GET", MYSELF, headers={"Cookie": header})
    assert (answer.status, answer.known_via, answer.session_ended) == (200, "web-session", None)
    assert "Set-Cookie" not in answer.headers
    form = {"atl_token": alice.cookies[XSRF_COOKIE], "webSudoPassword": "alice"}
    posted = await script.request(
        "POST", "/secure/admin/WebSudoAuthenticate.jspa", form=form, headers={"Cookie": header}
    )
    assert posted.status == 302
    token, wrong = alice.cookies[REMEMBER_ME_COOKIE], "1%3Awrong"
    first = {"Cookie": f"{noise}{REMEMBER_ME_COOKIE}={token}; {REMEMBER_ME_COOKIE}={wrong}"}
    assert (await script.request("GET", MYSELF, headers=first)).known_via == "remember-me"


async def test_a_remember_me_cookie_beats_a_dead_session(node):
    """No prompt: a new JSESSIONID in the same answer, and the cookie itself is left as it is."""
    browser = await node.logged_in("alice", remember=True)
    old, token = browser.session_id, browser.cookies[REMEMBER_ME_COOKIE]
    await node.step(5 * HOUR_MS)
    answer = await browser.request("GET", MYSELF)
    assert (answer.status, answer.known_via, answer.session_ended) == (200, "remember-me", "idle")
    assert browser.session_id != old
    assert browser.cookies[REMEMBER_ME_COOKIE] == token
    assert (await browser.who_am_i()).known_via == "web-session"


async def test_a_remember_me_cookie_lasts_fourteen_days_from_creation(node):
    """Use does not prolong it; the server checks that itself and takes it away when it is over."""
    browser = await node.logged_in("alice", remember=True)
    token = browser.carrying(REMEMBER_ME_COOKIE)
    await node.step(7 * DAY_MS)
    assert (await token.carrying(REMEMBER_ME_COOKIE).who_am_i()).known_via == "remember-me"
    await node.step(7 * DAY_MS)
    assert (await token.carrying(REMEMBER_ME_COOKIE).who_am_i()).known_via == "remember-me"
    await node.step(1)
    answer = await token.who_am_i()
    assert answer.status == 401
    assert REMEMBER_ME_COOKIE not in token.cookies


async def test_a_forged_secret_costs_the_row_it_names(node):
    """As Seraph does: the id is enough to lose the real browser's token."""
    browser = await node.logged_in("alice", remember=True)
    number = browser.cookies[REMEMBER_ME_COOKIE].partition("%3A")[0]
    forged = node.browser({REMEMBER_ME_COOKIE: f"{number}%3A{'0' * 40}"})
    assert (await forged.who_am_i()).status == 401
    assert REMEMBER_ME_COOKIE not in forged.cookies
    assert (await browser.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401
    assert (await browser.who_am_i()).status == 200


@pytest.mark.parametrize("value", ["x", "%", "1:", ":x", "%00", "9999999999999999999:a", '"', "a=b=c"])
async def test_garbage_cookies_are_nobody(node, value):
    """Not an error, and not even a reason to clear the cookie."""
    for name in (REMEMBER_ME_COOKIE, SESSION_COOKIE):
        answer = await node.browser({name: value}).who_am_i()
        assert answer.status == 401
        assert [line.partition("=")[0] for line in answer.headers.getall("Set-Cookie")] == [XSRF_COOKIE]


async def test_login_changes_the_session_id(node):
    """Nobody can plant an id before somebody else logs in with it; logging in again as oneself keeps it."""
    browser = await node.logged_in("alice")
    first = browser.session_id
    await browser.log_in("alice", "alice")
    assert browser.session_id == first
    await browser.log_in("bob", "bob")
    assert browser.session_id != first
    stolen = await node.browser({SESSION_COOKIE: first}).who_am_i()
    assert (stolen.status, stolen.session_ended) == (401, "replaced")


async def test_basic_logs_in_and_leaves_a_session(node):
    """Every Basic request opens one: that is how scripts pile them up."""
    browser = node.browser()
    answer = await browser.request("GET", MYSELF, headers=basic("alice", "alice"))
    assert (answer.status, answer.known_via, answer.json()["name"]) == (200, "basic", "alice")
    assert (await browser.who_am_i()).known_via == "web-session"


async def test_wrong_basic_is_an_html_page(node):
    """401 for a wrong password, 403 once a CAPTCHA is due."""
    for _ in range(3):
        answer = await node.browser().request("GET", MYSELF, headers=basic("alice", "wrong"))
        assert answer.status == 401
        assert b"Basic Authentication Failure - Reason : AUTHENTICATED_FAILED" in answer.body
        assert answer.headers["Content-Type"].startswith("text/html")
    answer = await node.browser().request("GET", MYSELF, headers=basic("alice", "alice"))
    assert answer.status == 403
    assert answer.headers[contract.DENIED_REASON].startswith("CAPTCHA_CHALLENGE")


async def test_basic_is_taken_for_what_was_meant(node):
    """Latin-1, as `requests` writes it, or without padding: such a login is tried and counted, and can succeed."""

    async def ask(credentials):
        header = {"Authorization": "Basic " + base64.b64encode(credentials).decode().rstrip("=")}
        return await node.browser().request("GET", "/rest/api/2/serverInfo", headers=header)

    admin = await node.logged_in("admin")
    user = {"name": "jürgen", "password": "schön", "emailAddress": "j@example.com", "displayName": "Jürgen"}
    assert (await admin.request("POST", "/rest/api/2/user", json=user)).status == 201
    wrong = await ask("jürgen:schon".encode("latin-1"))
    assert (wrong.status, wrong.headers[contract.LOGIN_REASON]) == (401, "AUTHENTICATED_FAILED")
    for encoding in ("latin-1", "utf-8"):
        right = await ask("jürgen:schön".encode(encoding))
        assert (right.status, right.username) == (200, "j%C3%BCrgen")
    good = {"username": "jürgen", "password": "schön"}
    info = (await node.browser().request("POST", "/rest/auth/1/session", json=good)).json()
    assert info["loginInfo"]["failedLoginCount"] == 1


async def test_a_session_makes_up_for_wrong_basic(node):
    """200 with the failed attempt still in the header: the first stamp wins."""
    browser = await node.logged_in("alice")
    answer = await browser.request("GET", MYSELF, headers=basic("alice", "wrong"))
    assert (answer.status, answer.headers[contract.LOGIN_REASON]) == (200, "AUTHENTICATED_FAILED")


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic !!!", "Basic YWJj", "Bearer x", "basic YTpi"])
async def test_odd_authorization_headers_are_no_error(node, header):
    """401 at worst."""
    answer = await node.browser().request("GET", MYSELF, headers={"Authorization": header})
    assert answer.status == 401


async def test_a_failed_login_costs_the_remember_me_cookie_it_came_with(node):
    """Seraph removes cookie and row when a login fails."""
    browser = await node.logged_in("alice", remember=True)
    token = browser.carrying(REMEMBER_ME_COOKIE)
    await browser.log_in("alice", "wrong")
    assert REMEMBER_ME_COOKIE not in browser.cookies
    assert (await token.who_am_i()).status == 401


async def test_a_deactivated_user_is_out_at_the_next_crowd_check(node):
    """Deactivation ends no session at once, unless the switch says so; fifteen minutes do."""
    browser = await node.logged_in("alice", remember=True)
    admin = await node.logged_in("admin")
    await admin.request("PUT", "/rest/api/2/user?username=alice", json={"active": "false"})
    assert (await browser.who_am_i()).status == 200
    await node.step(15 * MINUTE_MS)
    answer = await browser.who_am_i()
    assert (answer.status, answer.session_ended) == (401, "crowd")
    login = await node.browser().request(
        "POST", "/rest/auth/1/session", json={"username": "alice", "password": "alice"}
    )
    assert (login.status, login.headers[contract.LOGIN_REASON]) == (401, "AUTHORISATION_FAILED")


async def test_with_the_switch_deactivation_ends_sessions_at_once(stores, database_url):
    """`deactivation_ends_sessions`."""
    async with running_node(stores, database_url, switches=Switches(deactivation_ends_sessions=True)) as node:
        browser, admin = await node.logged_in("alice"), await node.logged_in("admin")
        await admin.request("PUT", "/rest/api/2/user?username=alice", json={"active": False})
        assert (await browser.who_am_i()).session_ended == "invalidated"


async def test_a_renewal_of_the_crowd_entry_is_silent(node):
    """An unchanged user notices nothing, however often fifteen minutes pass."""
    browser = await node.logged_in("alice")
    session_id = browser.session_id
    for _ in range(4):
        await node.step(15 * MINUTE_MS)
        assert (await browser.who_am_i()).known_via == "web-session"
    assert browser.session_id == session_id


async def test_with_gate_either_a_web_session_outlives_its_user(stores, database_url):
    """The model in which the Crowd entry is not asked: only the idle limit ends a session on another node."""
    gate = Switches(crowd_gate=CrowdGate.EITHER)
    async with (
        running_node(stores, database_url, "node-1", switches=gate, version="9.10") as first,
        running_node(stores, database_url, "node-2", switches=gate, version="9.10") as second,
    ):
        thief = await second.logged_in("alice")
        admin = await first.logged_in("admin")
        changed = await admin.request("PUT", "/rest/api/2/user/password?username=alice", json={"password": "new"})
        assert changed.status == 204
        for _ in range(30):
            await second.step(HOUR_MS)
            assert (await thief.who_am_i()).status == 200
        await second.step(5 * HOUR_MS)
        assert (await thief.who_am_i()).session_ended == "idle"


async def test_a_remember_me_cookie_waits_for_the_captcha(node):
    """The gate stands before it too: denied until the counter is reset, and the cookie is good again afterwards."""
    browser = (await node.logged_in("alice", remember=True)).carrying(REMEMBER_ME_COOKIE)
    for _ in range(3):
        await node.browser().log_in("alice", "wrong")
    answer = await browser.carrying(REMEMBER_ME_COOKIE).who_am_i()
    assert (answer.status, answer.headers[contract.LOGIN_REASON]) == (401, "AUTHENTICATION_DENIED")
    owner = node.browser()
    await owner.log_in("alice", "alice")
    challenge = await node.operator("GET", f"/captcha?session={owner.session_id}")
    form = {"os_username": "alice", "os_password": "alice", "os_captcha": challenge["text"]}
    assert (await owner.request("POST", "/login.jsp", form=form)).status == 302
    assert (await browser.who_am_i()).known_via == "remember-me"


async def test_who_may_not_log_in_empties_the_session_he_tries_it_in(node):
    """Right password of a deactivated account: the user who was in that session is taken out of it first."""
    browser, admin = await node.logged_in("alice"), await node.logged_in("admin")
    await admin.request("PUT", "/rest/api/2/user?username=bob", json={"active": False})
    wrong = await browser.log_in("bob", "wrong")
    assert (wrong.headers[contract.LOGIN_REASON], (await browser.who_am_i()).username) == (
        "AUTHENTICATED_FAILED",
        "alice",
    )
    refused = await browser.log_in("bob", "bob")
    assert (refused.headers[contract.LOGIN_REASON], refused.username) == ("AUTHORISATION_FAILED", None)
    assert (await browser.who_am_i()).status == 401


async def test_nobody_who_tries_nothing_is_stamped(node):
    """No attempt, no reason."""
    for path in ("/rest/api/2/serverInfo", "/login.jsp", "/secure/Dashboard.jspa"):
        assert contract.LOGIN_REASON not in (await node.browser().request("GET", path)).headers
