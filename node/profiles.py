"""Changing what the directory says of a user, by REST or by page, and what is refused."""

from dataclasses import dataclass

from node.admin_actions import AdminActions, Outcome
from node.identity import Account
from node.store import directory, users
from node.store.engine import Database
from shared.errors import CallerError


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """New values; None leaves the old one."""

    username: str | None = None
    display_name: str | None = None
    email: str | None = None
    active: bool | None = None


class Profiles:
    """Names and activity of users."""

    def __init__(self, database: Database, actions: AdminActions) -> None:
        self._database = database
        self._actions = actions

    async def change(self, account: Account, change: ProfileChange, *, actor: Account) -> Outcome:
        """Writes the change; deactivating is an admin action of its own. Raises CallerError 400 for a name that is
        odd or taken, and for an administrator who would deactivate himself."""
        if change.active is False:
            refuse_self(actor, account, "deactivate")
        name = change.username
        if name is not None:
            refuse_odd_name(name)
        async with self._database.transaction() as connection:
            await users.lock_names(connection)
            if name is not None and name != account.username and await directory.by_name(connection, name):
                raise name_taken()
            await users.update_profile(
                connection,
                account.user_key,
                username=name,
                display_name=change.display_name,
                email=change.email,
                active=True if change.active else None,
            )
        return Outcome() if change.active is not False else await self._actions.deactivate(account)


def refuse_odd_name(name: str) -> None:
    """Raises CallerError 400 for a user name that a login form or a URL could not carry unchanged."""
    if not name or name != name.strip() or name != name.lower() or not name.isprintable() or set(name) & set("<>&"):
        problem = "A username is in lower case, has no spaces at its ends and none of the characters <, > and &."
        raise CallerError(400, fields={"username": problem})


def name_taken() -> CallerError:
    """The refusal a client library looks for."""
    return CallerError(400, fields={"username": "A user with that username already exists."})


def refuse_self(actor: Account, account: Account, verb: str) -> None:
    """An administrator cannot do that to himself; without this the last one could lock everybody out."""
    if actor.user_key == account.user_key:
        raise CallerError(400, f"You cannot {verb} the user you are logged in as.")
