"""XSRF: the token and its cookie, what a route asks for, and which callers a browser's REST calls may come from."""

import re

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import xsrf
from shared.contract import XSRF_COOKIE
from tests.support.nodes import running_node

SERVER = "BT3K-0Z9A-QQQQ-1234"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SESSION = "/rest/auth/1/session"
GOOD = {"username": "alice", "password": "alice"}


def test_a_server_id_has_four_groups_of_four():
    """As Jira shows it, and never twice the same."""
    ids = {xsrf.new_server_id() for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[A-Z0-9]{4}(-[A-Z0-9]{4}){3}", server_id) for server_id in ids)


@pytest.mark.parametrize("logged_in", [True, False])
def test_a_token_fits_its_server_and_its_login_state_only(logged_in):
    """lin for somebody, lout for nobody; another cluster's token is worth nothing here."""
    token = xsrf.new_token(SERVER, logged_in=logged_in)
    assert re.fullmatch(rf"{SERVER}_[0-9a-f]{{40}}_{'lin' if logged_in else 'lout'}", token)
    assert xsrf.fits(token, SERVER, logged_in=logged_in)
    assert not xsrf.fits(token, SERVER, logged_in=not logged_in)
    assert not xsrf.fits(token, "BT3K-0Z9A-QQQQ-1235", logged_in=logged_in)


@given(st.text())
def test_garbage_never_fits(text):
    """Whatever a cookie says, it is a token or it is replaced."""
    assert not xsrf.fits(text, SERVER, logged_in=True)
    tokens = xsrf.RequestTokens(SERVER, [text])
    assert not tokens.accepts(text, logged_in=True)
    assert xsrf.fits(tokens.current(logged_in=True), SERVER, logged_in=True)


def test_a_fitting_cookie_is_kept_and_nothing_is_issued():
    """A page that stays open keeps working."""
    token = xsrf.new_token(SERVER, logged_in=True)
    tokens = xsrf.RequestTokens(SERVER, [token])
    assert tokens.current(logged_in=True) == token
    assert tokens.issued is None
    assert tokens.accepts(token, logged_in=True)
    assert not tokens.accepts(None, logged_in=True)
    assert not tokens.accepts(xsrf.new_token(SERVER, logged_in=True), logged_in=True)


def test_one_answer_has_one_token_until_the_login_state_changes():
    """The cookie and every form of a page agree."""
    tokens = xsrf.RequestTokens(SERVER, ())
    first = tokens.current(logged_in=False)
    assert tokens.current(logged_in=False) == tokens.issued == first
    assert tokens.current(logged_in=True) == tokens.issued != first


@pytest.mark.parametrize(("header", "opts_out"), [("no-check", True), ("nocheck", True), (" No-Check ", True), ("check", False), ("", False), (None, False)])  # fmt: skip
def test_scripts_opt_out_in_either_spelling(header, opts_out):
    """Both are in use."""
    assert xsrf.opts_out(header) is opts_out


@pytest.mark.parametrize(
    ("origin", "referer", "own"),
    [
        ("https://jira.example.com", None, True),
        ("https://JIRA.example.com:443", None, True),
        (None, "https://jira.example.com/browse/TEST-1?x=y", True),
        ("https://evil.example", "https://jira.example.com/", False),
        ("http://jira.example.com", None, False),
        ("https://jira.example.com:8443", None, False),
        ("https://jira.example.com.evil.example", None, False),
        ("null", None, False),
        ("", "https://jira.example.com/", False),
        ("https://jira.example.com:99999", None, False),
        ("https://[", None, False),
        (None, None, False),
    ],
)
def test_a_page_is_ours_by_scheme_host_and_port(origin, referer, own):
    """Origin decides where it is sent, Referer where it is not."""
    assert xsrf.comes_from_own_page(origin, referer, ["https://jira.example.com/jira", "no address"]) is own


async def test_every_visitor_gets_the_cookie_and_keeps_it(node):
    """Readable by scripts, for the browser session, and only sent again when it stops to fit."""
    browser = node.browser()
    first = await browser.request("GET", "/rest/api/2/serverInfo")
    line = first.headers["Set-Cookie"]
    assert re.fullmatch(rf"{XSRF_COOKIE}=[A-Z0-9-]{{19}}_[0-9a-f]{{40}}_lout; Path=/", line)
    assert "Set-Cookie" not in (await browser.request("GET", "/rest/api/2/serverInfo")).headers
    assert "Set-Cookie" not in (await browser.request("GET", "/status")).headers


async def test_login_and_logout_change_the_token_at_once(node):
    """By form and by REST; in between it stays the same."""
    browser = node.browser()
    await browser.request("GET", "/rest/api/2/serverInfo")
    out = browser.cookies[XSRF_COOKIE]
    await browser.request("POST", SESSION, json=GOOD)
    logged_in = browser.cookies[XSRF_COOKIE]
    assert (out.endswith("_lout"), logged_in.endswith("_lin")) == (True, True)
    await browser.who_am_i()
    assert browser.cookies[XSRF_COOKIE] == logged_in
    await browser.request("DELETE", SESSION)
    assert browser.cookies[XSRF_COOKIE].endswith("_lout")
    assert browser.cookies[XSRF_COOKIE] != out


async def test_behind_tls_the_cookie_is_secure_and_crosses_sites(node):
    """As recent Data Center versions send it over https."""
    answer = await node.browser().request("GET", "/rest/api/2/serverInfo", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Set-Cookie"].endswith("; Path=/; Secure; SameSite=None")


async def test_the_token_survives_a_change_of_the_node(pair):
    """The server id belongs to the cluster, and no node stores tokens."""
    first, second = pair
    browser = await first.logged_in("alice", remember=True)
    token = browser.cookies[XSRF_COOKIE]
    moved = second.browser(browser.cookies)
    assert (await moved.who_am_i()).known_via == "remember-me"
    assert moved.cookies[XSRF_COOKIE] == token


async def test_another_clusters_token_is_replaced(node):
    """Two Jiras on one host do not take each other's."""
    foreign = xsrf.new_token(SERVER, logged_in=False)
    browser = node.browser({XSRF_COOKIE: foreign})
    await browser.request("GET", "/rest/api/2/serverInfo")
    assert browser.cookies[XSRF_COOKIE] != foreign


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "{own}"}, 200),
        ({"Referer": "{own}/login.jsp"}, 200),
        ({"Origin": "https://jira.example.com", "X-Forwarded-Host": "jira.example.com", "X-Forwarded-Proto": "https"}, 200),
        ({"Origin": "https://jira.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
)  # fmt: skip
async def test_a_browser_changes_things_by_rest_from_our_own_pages_only(node, headers, status):
    """403 in plain text otherwise, even with no-check, and nothing has happened."""
    browser = node.browser()
    headers = {name: value.format(own=node.url) for name, value in headers.items()}
    answer = await browser.request(
        "POST", SESSION, json=GOOD, headers={"User-Agent": FIREFOX, "X-Atlassian-Token": "no-check"} | headers
    )
    assert answer.status == status
    if status == 403:
        assert answer.body == b"XSRF check failed"
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert browser.session_id is None


async def test_a_browser_may_read_from_anywhere(node):
    """Reading changes nothing."""
    answer = await node.browser().request("GET", "/rest/api/2/serverInfo", headers={"User-Agent": FIREFOX})
    assert answer.status == 200


async def test_the_configured_base_url_is_our_own(stores, database_url):
    """Also where a proxy in front hides the name users typed."""
    async with running_node(stores, database_url, base_url="https://jira.example.com") as node:
        headers = {"User-Agent": FIREFOX, "Origin": "https://jira.example.com"}
        assert (await node.browser().request("POST", SESSION, json=GOOD, headers=headers)).status == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded; charset=klingon", b"os_username=alice&os_password=alice"),
        ("application/x-www-form-urlencoded", b"os_username=\xff\xfe"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(node, content_type, body):
    """400 with the reason, never a 500."""
    async with node.client.post(node.url + "/login.jsp", data=body, headers={"Content-Type": content_type}) as response:
        assert response.status == 400
        assert "The form could not be read" in await response.text()


@pytest.mark.parametrize(("spelling", "status"), [(None, 403), ("check", 403), ("no-check", 200), ("nocheck", 200)])
async def test_a_form_encoded_resource_wants_the_header(node, spelling, status):
    """Any site's page can post a form; none of them can add the header."""
    alice = await node.logged_in("alice")
    headers = {"Cookie": f"JSESSIONID={alice.session_id}"} | (
        {} if spelling is None else {"X-Atlassian-Token": spelling}
    )
    form = aiohttp.FormData()
    form.add_field("file", b"content", filename="a.txt")
    url = f"{node.url}/rest/api/2/issue/TEST-3/attachments"
    async with node.client.post(url, data=form, headers=headers) as response:
        assert response.status == status
        if status == 403:
            assert (await response.text(), response.content_type) == ("XSRF check failed", "text/plain")


async def test_a_token_is_no_substitute_for_the_header(node):
    """Pages have tokens, REST has the header; and JSON needs neither, since no form can send it."""
    alice = await node.logged_in("alice")
    path = "/rest/api/2/issue/TEST-3/attachments"
    token = alice.cookies[XSRF_COOKIE]
    assert (await alice.request("POST", f"{path}?atl_token={token}", form={"a": "b"})).status == 403
    assert (await alice.request("POST", path, json={})).status == 415
