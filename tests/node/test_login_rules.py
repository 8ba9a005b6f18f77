"""What web.xml and seraph-config.xml decide about logins, on a real node."""

from shared.contract import REMEMBER_ME_COOKIE, SESSION_COOKIE
from tests.support.nodes import running_node

GOOD = {"username": "alice", "password": "alice"}


async def test_cookies_have_the_names_and_attributes_of_the_files(stores, database_url):
    """cookie-config of the web.xml, login.cookie.* and insecure.cookie of the seraph-config.xml."""
    rules = {
        "session_cookie": "JIRASESSION",
        "session_cookie_path": "/s",
        "session_cookie_http_only": False,
        "session_cookie_secure": True,
        "remember_me_cookie": "my.cookie",
        "remember_me_cookie_path": "/r",
        "insecure_cookie": True,
    }
    async with running_node(stores, database_url, login_rules=rules) as node:
        form = {"os_username": "alice", "os_password": "alice", "os_cookie": "true"}
        browser = node.browser()
        answer = await browser.request("POST", "/login.jsp", form=form, headers={"X-Forwarded-Proto": "https"})
        session, remembered, _xsrf = answer.headers.getall("Set-Cookie")
        assert session == f"JIRASESSION={browser.cookies['JIRASESSION']}; Path=/s; Secure"
        assert remembered == f"my.cookie={browser.cookies['my.cookie']}; Path=/r; Max-Age=1209600; HttpOnly"
        assert (await browser.carrying("JIRASESSION").who_am_i()).username == "alice"
        assert (await browser.carrying("my.cookie").who_am_i()).known_via == "remember-me"
        assert (await node.browser({SESSION_COOKIE: browser.cookies["JIRASESSION"]}).who_am_i()).status == 401


async def test_an_overflowing_age_keeps_the_cookie_and_refuses_the_token(stores, database_url):
    """The browser stores it for as long as written, and every node takes it for expired at once."""
    rules = {"remember_me_overflows": True}
    async with running_node(stores, database_url, login_rules=rules, remember_me_age_s=2_147_484) as node:
        browser = node.browser()
        await browser.request("GET", "/login.jsp")
        answer = await browser.log_in("alice", "alice", remember=True)
        assert any("Max-Age=2147484" in line for line in answer.headers.getall("Set-Cookie"))
        walk_in = browser.carrying(REMEMBER_ME_COOKIE)
        assert (await walk_in.who_am_i()).status == 401
        assert REMEMBER_ME_COOKIE not in walk_in.cookies


async def test_the_login_url_may_lead_elsewhere(stores, database_url):
    """Single sign-on: the address is taken as it is, with the destination filled in."""
    rules = {"login_url": "https://sso.example.com/?to=${originalurl}&as=${userRole}"}
    async with running_node(stores, database_url, login_rules=rules) as node:
        answer = await node.browser().request("GET", "/secure/Dashboard.jspa?a=b")
        assert answer.headers["Location"] == "https://sso.example.com/?to=%2Fsecure%2FDashboard.jspa%3Fa%3Db&as="


async def test_the_parameter_of_os_auth_type_has_the_configured_name(stores, database_url):
    """authentication.type; without it nobody can ask, and REST keeps its default."""
    stale = {SESSION_COOKIE: "A" * 32}
    path = "/rest/api/2/serverInfo"
    async with running_node(stores, database_url, login_rules={"auth_type_parameter": "kind"}) as node:
        assert (await node.browser(stale).request("GET", f"{path}?kind=none")).status == 200
        assert (await node.browser(stale).request("GET", f"{path}?os_authType=none")).status == 401
    async with running_node(stores, database_url, login_rules={"auth_type_parameter": None}) as node:
        assert (await node.browser(stale).request("GET", f"{path}?os_authType=none")).status == 401


async def test_what_a_login_forgets_is_configured(stores, database_url):
    """The secure administrator session is on the shipped list; without the list it moves to the next user."""
    for forgotten, survives in ((("jira.websudo.timestamp",), False), ((), True)):
        async with running_node(stores, database_url, login_rules={"forgotten_at_login": forgotten}) as node:
            browser = await node.logged_in("admin")
            no_check = {"X-Atlassian-Token": "no-check"}
            sudo = "/secure/admin/WebSudoAuthenticate.jspa"
            await browser.request("POST", sudo, form={"webSudoPassword": "admin"}, headers=no_check)
            await browser.log_in("bob", "bob")
            sessions = (await node.operator("GET", "/caches?user=bob"))["web_sessions"]
            assert ("jira.websudo.timestamp" in sessions[0]["attributes"]) is survives
