"""What an administrator, or a user about himself, does that voids sessions.

Always in this order (DESIGN 3): one transaction writes the change, deletes the user's remember-me tokens, raises the
user's epoch and appends to the invalidation log, all under the head lock; after the commit this node's own caches; then
the delivery tells the others. What is told names a user and an epoch and carries no value.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from node.caches import NOTHING_VOIDED, Caches, Voided
from node.identity import Account
from node.invalidation import InvalidationDelivery
from node.invalidation.lease import boot_ns
from node.invalidation.receipts import NodeReceipt, Receipt, Receipts
from node.passwords import Passwords
from node.store import credentials, directory, invalidation_log, remember_me, users
from node.store.credentials import Credentials
from node.store.engine import Database
from node.to_the_end import ToTheEnd
from shared.actions import Action
from shared.clock import PolicyClock
from shared.errors import CallerError, DependencyError
from shared.log import get_logger
from shared.messages import Invalidation
from shared.settings import Switches

log = get_logger()

EVERYONE = "everyone"
"""Action of the entry that voids everybody's sessions: the operator's, and no call of Jira's."""

Change = Callable[[AsyncConnection], Awaitable[None]]


async def _nothing(_connection: AsyncConnection) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an action ended: `here` on this node, `tokens` rows of remember-me in the shared database.

    `event` is what the other nodes hear of, None when the action voids nothing by itself; `elsewhere` is what is known
    of them when the call returns.
    """

    here: Voided = NOTHING_VOIDED
    tokens: int = 0
    event: Invalidation | None = None
    elsewhere: tuple[NodeReceipt, ...] = ()


class AdminActions:
    """One method per row of the table."""

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        caches: Caches,
        delivery: InvalidationDelivery,
        receipts: Receipts,
        clock: PolicyClock,
        *,
        node_id: str,
        switches: Switches,
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._caches = caches
        self._delivery = delivery
        self._receipts = receipts
        self._clock = clock
        self._node_id = node_id
        self._switches = switches
        self._to_the_end = ToTheEnd()
        """A caller who hangs up after the commit must not keep the caches and the other nodes from hearing of it."""

    async def change_password(self, user: Account, password: str) -> Outcome:
        """An administrator sets somebody's password."""
        return await self._set_password(Action.ADMIN_PASSWORD, user, password)

    async def change_own_password(self, proved: Credentials, password: str, *, session_id: str | None) -> Outcome:
        """A user sets his own password; the session doing it ends too unless the switch spares it. `proved` is what the
        one he gave as his current one was checked against; it is wrong (CallerError 400) once something was voided
        since, as by an administrator who has set another."""
        spared = session_id if self._switches.own_password_change_spares_current else None
        return await self._set_password(Action.OWN_PASSWORD, proved.account, password, proved=proved, spare=spared)

    async def anonymize(self, user: Account) -> Outcome:
        """Renames and disables the user; the key stays (reference: jira.md 4.3)."""
        number = "".join(ch for ch in user.user_key if ch.isdigit())

        async def change(connection: AsyncConnection) -> None:
            name = await _free_name(connection, f"jirauser{number}", user)
            await users.update_profile(
                connection,
                user.user_key,
                username=name,
                display_name=f"user-{int(number or 0):05x}",
                email=f"{name}@jira.invalid",
                active=False,
            )

        return await self._perform(Action.ANONYMIZE, user, change, lock=users.lock_names)

    async def delete_user(self, user: Account) -> Outcome:
        async def change(connection: AsyncConnection) -> None:
            await users.delete(connection, user.user_key)

        return await self._perform(Action.DELETE_USER, user, change)

    async def end_sessions(self, user: Account) -> Outcome:
        """`DELETE /rest/api/2/user/session/{username}`."""
        return await self._perform(
            Action.REST_END_SESSION, user, _nothing, clear_tokens=self._switches.rest_delete_clears_tokens
        )

    async def deactivate(self, user: Account) -> Outcome:
        """Not in Atlassian's table: whether it ends sessions at once is a switch; the next Crowd check does anyway."""

        async def change(connection: AsyncConnection) -> None:
            await users.update_profile(connection, user.user_key, active=False)

        if self._switches.deactivation_ends_sessions:
            return await self._perform(Action.DEACTIVATE, user, change)
        async with self._database.transaction() as connection:
            await change(connection)
        return Outcome()

    async def invalidate_everyone(self) -> Receipt:
        """Voids every session and every remember-me token of everyone, in one entry of the log. Nobody's sessions are
        searched for: this node, like each that hears of it, raises its floor."""
        return await self._to_the_end(self._carry_out_on_everyone())

    async def _carry_out_on_everyone(self) -> Receipt:
        now_ms, began_ns = self._clock.now_ms(), boot_ns()
        async with self._invalidating() as connection:
            await users.raise_all_epochs(connection)
            tokens = await remember_me.delete_all(connection)
            event = await invalidation_log.append(
                connection,
                user_key=None,
                epoch=0,
                action=EVERYONE,
                origin=self._node_id,
                is_told=self._delivery.tells,
                now_ms=now_ms,
            )
            send = await self._delivery.record(connection, event)
        commit_ms = (boot_ns() - began_ns) / 1e6
        self._caches.void_everyone(position=event.position)
        log.info("invalidated everyone", position=event.position, tokens=tokens)
        receipt = replace(await send(), commit_ms=commit_ms)
        self._receipts.keep(receipt)
        return receipt

    async def clear_remember_me(self, user: Account) -> Outcome:
        """Forgets every browser of the user; who is logged in stays so."""
        async with self._database.transaction() as connection:
            return Outcome(tokens=await remember_me.delete_of_user(connection, user.user_key))

    async def clear_all_remember_me(self) -> Outcome:
        """Forgets every browser of everyone; with a rolling restart afterwards everyone must log in again."""
        async with self._database.transaction() as connection:
            return Outcome(tokens=await remember_me.delete_all(connection))

    async def _set_password(
        self,
        action: Action,
        user: Account,
        password: str,
        *,
        proved: Credentials | None = None,
        spare: str | None = None,
    ) -> Outcome:
        credential = await self._passwords.hash(password)

        async def change(connection: AsyncConnection) -> None:
            await users.set_credential(connection, user.user_key, credential)
            await credentials.forgive_failures(connection, user.user_key)

        return await self._perform(action, user, change, proved=proved, spare=spare)

    @asynccontextmanager
    async def _invalidating(self) -> AsyncIterator[AsyncConnection]:
        """The transaction of an invalidation, under the head lock. A commit whose answer is lost may have been carried
        out, and only the log of `fenced` would ever tell this node: so it asks about each session once."""
        is_sent = False
        try:
            async with self._database.transaction() as connection:
                await invalidation_log.lock_head(connection)
                yield connection
                is_sent = True
        except DependencyError:
            if is_sent:
                self._caches.raise_floor()
            raise

    async def _perform(
        self,
        action: Action,
        user: Account,
        change: Change,
        *,
        lock: Change = _nothing,
        clear_tokens: bool = True,
        proved: Credentials | None = None,
        spare: str | None = None,
    ) -> Outcome:
        return await self._to_the_end(
            self._carry_out(action, user, change, lock=lock, clear_tokens=clear_tokens, proved=proved, spare=spare)
        )

    async def _carry_out(
        self,
        action: Action,
        user: Account,
        change: Change,
        *,
        lock: Change,
        clear_tokens: bool,
        proved: Credentials | None,
        spare: str | None,
    ) -> Outcome:
        """The one sequence. Raises CallerError 404 when the user has gone meanwhile and 400 when what he proved is not
        current any more, and then nothing has changed. `lock` comes before the user's row, as for others who rename."""
        now_ms, began_ns = self._clock.now_ms(), boot_ns()
        async with self._invalidating() as connection:
            if proved is not None and not await credentials.is_current(connection, proved):
                raise wrong_current_password()
            await lock(connection)
            epoch = await users.raise_epoch(connection, user.user_key)
            if epoch is None:
                raise CallerError(404, f"The user named '{user.username}' does not exist")
            tokens = await remember_me.delete_of_user(connection, user.user_key) if clear_tokens else 0
            await change(connection)
            event = await invalidation_log.append(
                connection,
                user_key=user.user_key,
                epoch=epoch,
                action=action,
                origin=self._node_id,
                is_told=self._delivery.tells,
                now_ms=now_ms,
            )
            if spare is not None:
                self._caches.spare(event.event_id, spare)
            send = await self._delivery.record(connection, event)
        commit_ms = (boot_ns() - began_ns) / 1e6
        voided = self._caches.void(user.user_key, epoch=epoch, spare=spare)
        log.info(
            "invalidated",
            action=action,
            user=user.username,
            epoch=epoch,
            position=event.position,
            own_sessions=voided.sessions,
        )
        receipt = replace(await send(), commit_ms=commit_ms)
        self._receipts.keep(receipt)
        return Outcome(voided, tokens, event, receipt.nodes)


def wrong_current_password() -> CallerError:
    """As documented for a change of one's own password."""
    return CallerError(400, fields={"currentPassword": "The current password you entered is not correct."})


async def _free_name(connection: AsyncConnection, wanted: str, user: Account) -> str:
    """That name, or with a number behind it if somebody else has it. Needs the lock of names."""
    name = wanted
    for number in itertools.count(2):
        owner = await directory.by_name(connection, name)
        if owner is None or owner.user_key == user.user_key:
            break
        name = f"{wanted}-{number}"
    return name
