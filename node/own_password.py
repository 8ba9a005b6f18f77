"""A user changes his own password, by REST or by page: the current one is asked for first."""

from node.admin_actions import AdminActions, Outcome, wrong_current_password
from node.identity import Account
from node.passwords import Passwords
from node.store import credentials
from node.store.engine import Database
from node.web_sessions import WebSession
from shared.errors import CallerError


class OwnPassword:
    """Joins the check to `AdminActions.change_own_password`."""

    def __init__(self, database: Database, passwords: Passwords, actions: AdminActions, *, is_read_only: bool) -> None:
        self._database = database
        self._passwords = passwords
        self._actions = actions
        self._is_read_only = is_read_only

    async def change(self, account: Account, *, old: str, new: str, session: WebSession | None) -> Outcome:
        """Raises CallerError 400, as documented, when `old` is not the current password or is not any more when the new
        one is written, and 403 when the directory is read-only."""
        if self._is_read_only:
            raise CallerError(403, "Passwords cannot be changed here: the user directory is read-only.")
        async with self._database.transaction() as connection:
            found = await credentials.of_key(connection, account.user_key)
        if not await self._passwords.matches(found.credential if found else None, old) or found is None:
            raise wrong_current_password()
        return await self._actions.change_own_password(found, new, session_id=session.id if session else None)
