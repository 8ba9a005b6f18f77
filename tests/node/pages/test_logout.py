"""Logging out by page."""

import pytest

from shared.contract import LOGIN_REASON, REMEMBER_ME_COOKIE, XSRF_COOKIE
from tests.support.forms import text_of

PATHS = ["/secure/Logout!default.jspa", "/secure/Logout.jspa", "/logout"]


async def test_without_a_token_it_asks(node):
    """A link on a foreign page logs nobody out."""
    alice = await node.logged_in("alice")
    for path in (*PATHS, f"{PATHS[0]}?atl_token=wrong", f"{PATHS[2]}?atl_token="):
        answer = await alice.request("GET", path)
        assert (answer.status, answer.headers[LOGIN_REASON]) == (200, "OK"), path
        assert "Log out?" in text_of(answer)
    assert (await alice.who_am_i()).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_with_a_token_it_ends_this_browser_only(node, path):
    """OUT is stamped, session and remember-me cookie are gone, the user's other browser goes on."""
    alice, other = await node.logged_in("alice", remember=True), await node.logged_in("alice", remember=True)
    await alice.request("GET", "/secure/Dashboard.jspa")
    stolen = alice.carrying(REMEMBER_ME_COOKIE)
    answer = await alice.request("GET", f"{path}?atl_token={alice.cookies[XSRF_COOKIE]}")
    assert (answer.status, answer.headers[LOGIN_REASON]) == (200, "OUT")
    assert "You are logged out" in text_of(answer)
    assert REMEMBER_ME_COOKIE not in alice.cookies
    assert (await alice.who_am_i()).status == 401
    assert (await stolen.who_am_i()).status == 401
    assert (await other.who_am_i()).status == 200


async def test_nobody_is_told_so(node):
    """No question and no error."""
    assert "Nobody was logged in" in text_of(await node.browser().request("GET", "/logout"))
