"""The user about himself, by page."""

import re

import pytest

from shared.contract import REMEMBER_ME_COOKIE
from tests.support.forms import post_form, text_of
from tests.support.nodes import running_node

PROFILE = "/secure/ViewProfile.jspa"
CHANGE = "/secure/ChangePassword.jspa"
GOOD = {"current": "alice", "password": "new", "confirm": "new"}


@pytest.mark.parametrize("spares", [False, True])
async def test_changing_the_own_password_ends_the_users_sessions(stores, database_url, spares):
    """This browser's too, unless the switch spares it; the page says which."""
    switches = {"own_password_change_spares_current": spares}
    async with running_node(stores, database_url, switches=switches) as node:
        alice, other = await node.logged_in("alice", remember=True), await node.logged_in("alice")
        answer = await post_form(alice, CHANGE, **GOOD)
        assert "Your password is changed" in text_of(answer)
        assert ("own session is among them" in text_of(answer)) is not spares
        assert ((await alice.who_am_i()).status, (await other.who_am_i()).status) == (200 if spares else 401, 401)
        assert (await node.browser().log_in("alice", "new")).status == 302


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"current": "wrong"}, "current password you entered is not correct"),
        ({"confirm": "other"}, "not the same"),
        ({"password": "", "confirm": ""}, "password"),
        ({"password": "x" * 1025, "confirm": "x" * 1025}, "1024"),
    ],
)
async def test_a_password_that_is_not_changed(node, change, told):
    """The form again with one sentence, and the old password still works."""
    alice = await node.logged_in("alice")
    answer = await post_form(alice, CHANGE, **GOOD | change)
    assert answer.status == 400
    assert told in re.search(r'role="alert">(.*?)</p>', text_of(answer))[1]
    assert (await alice.who_am_i()).status == 200
    assert (await node.logged_in("alice")).session_id


async def test_forgetting_the_own_browsers(node):
    """The count is shown, the tokens go, the sessions stay, other users keep theirs."""
    alice, bob = await node.logged_in("alice", remember=True), await node.logged_in("bob", remember=True)
    assert '<strong id="tokens">1</strong>' in text_of(await alice.request("GET", PROFILE))
    await post_form(alice, "/secure/ClearRememberMeCookies.jspa")
    assert '<strong id="tokens">0</strong>' in text_of(await alice.request("GET", PROFILE))
    assert (await alice.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 401
    assert (await bob.carrying(REMEMBER_ME_COOKIE).who_am_i()).status == 200


async def test_nobody_has_no_profile(node):
    """The login page instead, and a form without a login changes nothing."""
    assert (await node.browser().request("GET", PROFILE)).status == 302
    assert b"SecurityTokenMissing" in (await post_form(node.browser(), CHANGE, **GOOD)).body
