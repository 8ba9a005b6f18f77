"""Changing one's own password while somebody else changes it too, or under a name that is another person's by now."""

import pytest

from node.own_password import OwnPassword
from node.store import credentials
from shared.errors import CallerError
from tests.support.fenced_nodes import fenced_nodes
from tests.support.forms import confirm_password, post_form, text_of
from tests.support.slow_passwords import SlowPasswords

USER = "/rest/api/2/user"


async def is_password(node, password):
    async with node.database.transaction() as connection:
        found = await credentials.load(connection, "alice")
    return await node.passwords.matches(found.credential, password)


async def test_an_administrators_password_is_not_overwritten(database_url):
    """It was set after the old one had been found right: that one is wrong now, and nothing is changed."""
    async with fenced_nodes(database_url, 1) as (node,):
        alice = await node.account()

        async def administrator_sets_another():
            await node.actions.change_password(alice, "by-the-administrator")

        passwords = SlowPasswords(node.passwords, administrator_sets_another)
        own_password = OwnPassword(node.database, passwords, node.actions, is_read_only=False)
        with pytest.raises(CallerError) as refused:
            await own_password.change(alice, old="alice", new="by-the-thief", session=None)
        assert (refused.value.status, list(refused.value.fields)) == (400, ["currentPassword"])
        assert await is_password(node, "by-the-administrator")
        assert (await node.account()).epoch == 1


async def change_password(browser, current):
    return await post_form(browser, "/secure/ChangePassword.jspa", current=current, password="new", confirm="new")


async def test_whose_password_it_is_does_not_hang_on_the_name(node):
    """Alice was renamed and her session has not noticed; somebody new has her old name. What she proves with, what she
    changes and what her logins count is her own."""
    admin, alice = await node.logged_in("admin"), await node.logged_in("alice")
    assert (await admin.request("PUT", f"{USER}?username=alice", json={"name": "alicia"})).status == 200
    newcomer = {"name": "alice", "password": "other", "emailAddress": "a@example.com", "displayName": "New Alice"}
    assert (await admin.request("POST", USER, json=newcomer)).status == 201
    assert (await node.browser().log_in("alice", "wrong")).status == 200
    known = (await alice.who_am_i()).json()
    assert (known["name"], known["loginInfo"]["failedLoginCount"]) == ("alice", 0)
    assert "<dt>Logins</dt><dd>1</dd>" in text_of(await alice.request("GET", "/secure/ViewProfile.jspa"))
    await confirm_password(alice, "alice")
    assert (await change_password(alice, "other")).status == 400
    assert (await change_password(alice, "alice")).status == 200
    assert (await node.browser().log_in("alice", "other")).status == 302
    assert (await node.browser().log_in("alicia", "new")).status == 302
