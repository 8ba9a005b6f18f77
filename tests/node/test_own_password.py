"""Changing one's own password while somebody else changes it too."""

import pytest

from node.own_password import OwnPassword
from node.store import credentials
from shared.errors import CallerError
from tests.support.fenced_nodes import fenced_nodes


class SlowPasswords:
    """The real ones; what is to happen while a password is being checked happens right after that."""

    def __init__(self, passwords, meanwhile):
        self._passwords = passwords
        self._meanwhile = meanwhile

    async def matches(self, credential, password):
        found = await self._passwords.matches(credential, password)
        await self._meanwhile()
        return found


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
