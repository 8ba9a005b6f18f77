"""Secure administrator sessions: the second password, how long it holds, and where it is lost."""

import re

import aiohttp
import pytest

from node.answers import html_answer
from node.filters.access import access_filter
from node.request import request_maker
from node.request_context import RequestContext
from node.routes import Needs, Route
from node.web_sessions import SessionLimits, WebSessions
from node.websudo import WebSudo
from shared.accounts import ADMINISTRATORS
from shared.clock import FakeClock
from shared.contract import LOGIN_REASON
from shared.serving import listen, low_level_server, serving
from tests.support.accounts import account
from tests.support.shells import bare_shell

MINUTE_MS = 60_000
PAGE = "/secure/admin/WebSudoAuthenticate!default.jspa"
POST = "/secure/admin/WebSudoAuthenticate.jspa"
NO_CHECK = {"X-Atlassian-Token": "no-check"}
HAS = "Has-Authentication"


@pytest.fixture
def session():
    return WebSessions(SessionLimits(0), capacity=1).open(None, now_ms=0)


def test_the_proof_holds_ten_minutes_from_its_last_use(session):
    """Rolling: work goes on as long as it goes on."""
    websudo = WebSudo(timeout_ms=10 * MINUTE_MS, is_disabled=False)
    assert not websudo.use(session, now_ms=0)
    websudo.start(session, now_ms=0)
    assert websudo.use(session, now_ms=10 * MINUTE_MS - 1)
    assert websudo.use(session, now_ms=20 * MINUTE_MS - 2)
    assert not websudo.use(session, now_ms=30 * MINUTE_MS - 2)


def test_the_proof_can_be_given_back_and_switched_off(session):
    """Without it nothing is asked for at all."""
    websudo = WebSudo(timeout_ms=MINUTE_MS, is_disabled=False)
    websudo.start(session, now_ms=0)
    websudo.end(session)
    websudo.end(session)
    assert not websudo.use(session, now_ms=0)
    assert WebSudo(timeout_ms=MINUTE_MS, is_disabled=True).use(session, now_ms=0)


class ProtectedPage:
    """A page that needs websudo, behind the real filter, for one visitor whose session a test holds."""

    def __init__(self, *, groups=(ADMINISTRATORS,), is_disabled=False, anonymous=False):
        self.clock = FakeClock()
        self.websudo = WebSudo(timeout_ms=10 * MINUTE_MS, is_disabled=is_disabled)
        who = None if anonymous else account("admin", groups=groups)
        self.session = WebSessions(SessionLimits(0), capacity=1).open(who, now_ms=0)
        self._route = Route("GET", "/secure/admin/Page.jspa", self._show, Needs.WEBSUDO)

    async def _show(self, _request):
        return html_answer("the page")

    async def get(self):
        page = access_filter(self.websudo, self.clock, bare_shell(self.clock))(self._route, self._route.handler)

        async def known(request):
            request.context = RequestContext("1x1x1")
            request.context.session, request.context.account = self.session, self.session.account
            return await page(request)

        app = low_level_server(known, request_maker(1))
        socket = listen("127.0.0.1", 0)
        port = socket.getsockname()[1]
        async with serving(app, socket), aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{port}{self._route.path}?a=b"
            async with client.get(url, allow_redirects=False) as response:
                return response.status, response.headers


async def test_an_administrator_without_the_proof_is_sent_to_confirm():
    """And from there to where he wanted to go."""
    status, headers = await ProtectedPage().get()
    wanted = "%2Fsecure%2Fadmin%2FPage.jspa%3Fa%3Db"
    assert (status, headers["Location"]) == (302, f"{PAGE}?webSudoDestination={wanted}&webSudoIsPost=false")


async def test_with_the_proof_the_page_opens_and_says_so():
    """The header scripts look for."""
    page = ProtectedPage()
    page.websudo.start(page.session, now_ms=page.clock.now_ms())
    status, headers = await page.get()
    assert (status, headers["X-Atlassian-WebSudo"]) == (200, HAS)


async def test_switched_off_the_page_opens_at_once():
    """`jira.websudo.is.disabled`; there is nothing to announce then."""
    status, headers = await ProtectedPage(is_disabled=True).get()
    assert (status, headers.get("X-Atlassian-WebSudo")) == (200, None)


@pytest.mark.parametrize("visitor", [{"groups": ()}, {"anonymous": True}])
async def test_only_administrators_are_asked_to_confirm(visitor):
    """Everybody else is sent to the login page."""
    status, headers = await ProtectedPage(**visitor).get()
    assert (status, headers["Location"].partition("?")[0]) == (302, "/login.jsp")


async def test_the_right_password_leads_to_the_destination(node):
    """302 with the header; the form carries the token of its page."""
    admin = await node.logged_in("admin")
    page = (await admin.request("GET", f"{PAGE}?webSudoDestination=%2Fsecure%2Fx%3Fa%3Db")).body.decode()
    fields = dict(re.findall(r'name="(webSudo\w+|atl_token)" value="([^"]*)"', page))
    answer = await admin.request("POST", POST, form=fields | {"webSudoPassword": "admin"})
    assert (answer.status, answer.headers["Location"]) == (302, "/secure/x?a=b")
    assert answer.headers["X-Atlassian-WebSudo"] == HAS


@pytest.mark.parametrize("wanted", ["https://evil.example", "//evil.example", ""])
async def test_it_leads_nowhere_else(node, wanted):
    """An open redirect for administrators would be worth the most."""
    admin = await node.logged_in("admin")
    form = {"webSudoPassword": "admin", "webSudoDestination": wanted}
    answer = await admin.request("POST", POST, form=form, headers=NO_CHECK)
    assert (answer.status, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize(("password", "says"), [("wrong", b"is not correct"), ("", b"must enter your password")])
async def test_a_wrong_password_shows_the_form_again(node, password, says):
    """Without the header; and it is no failed login."""
    admin = await node.logged_in("admin")
    for _ in range(4):
        answer = await admin.request("POST", POST, form={"webSudoPassword": password}, headers=NO_CHECK)
        assert (answer.status, says in answer.body) == (200, True)
        assert "X-Atlassian-WebSudo" not in answer.headers
    assert (await node.browser().log_in("admin", "admin")).status == 302


@pytest.mark.parametrize("token", [None, "", "BT3K-0Z9A-QQQQ-1234_" + "0" * 40 + "_lin"])
async def test_without_the_token_of_the_page_nothing_happens(node, token):
    """The page with the marker that client libraries look for, with status 200."""
    admin = await node.logged_in("admin")
    form = {"webSudoPassword": "admin"} | ({} if token is None else {"atl_token": token})
    answer = await admin.request("POST", POST, form=form)
    assert (answer.status, b"<!-- SecurityTokenMissing -->" in answer.body) == (200, True)
    assert b"XSRF Security Token Missing" in answer.body
    assert "X-Atlassian-WebSudo" not in answer.headers


async def test_a_form_of_an_expired_session_says_so(node):
    """The same page with another text: log in again."""
    admin = await node.logged_in("admin")
    await node.step(5 * 60 * MINUTE_MS)
    answer = await admin.request("POST", POST, form={"webSudoPassword": "admin"})
    assert b"<!-- SecurityTokenMissing -->" in answer.body
    assert b"Your session has expired" in answer.body
    nobody = await node.browser().request("POST", POST, form={"webSudoPassword": "admin"}, headers=NO_CHECK)
    assert b"<!-- SecurityTokenMissing -->" in nobody.body
    assert LOGIN_REASON not in nobody.headers


@pytest.mark.parametrize("path", ["/rest/auth/1/websudo", "/rest/auth/latest/websudo"])
async def test_it_is_given_back_by_rest(node, path):
    """204, also for somebody who never had it; 401 for nobody."""
    admin = await node.logged_in("admin")
    assert (await admin.request("DELETE", path)).status == 204
    assert (await admin.request("DELETE", path)).status == 204
    assert (await node.browser().request("DELETE", path)).status == 401
