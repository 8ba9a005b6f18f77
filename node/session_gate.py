"""May this web session still name its user? From memory while memory can be trusted, otherwise from the database."""

import asyncio
from collections.abc import Callable

from node.caches import Caches, Mark
from node.crowd import still_good
from node.identity import Account
from node.store import directory
from node.store.engine import Database
from node.web_sessions import EndCause, WebSession
from shared.clock import PolicyClock
from shared.settings import CrowdGate

Reading = asyncio.Task[tuple[Account | None, Mark]]
MayTrustCaches = Callable[[], bool]


class DirectoryReader:
    """Looks users up, one reading in flight for each, however many requests wait.

    Nobody is given the result of a reading that began before he asked: it could be older than an invalidation that he
    already knows to be over. So whoever comes while one is in flight waits for the next, together with all the others.
    """

    def __init__(self, database: Database, caches: Caches) -> None:
        self._database = database
        self._caches = caches
        self._current: dict[str, Reading] = {}
        self._next: dict[str, Reading] = {}
        self.readings = 0

    async def read(self, user_key: str) -> tuple[Account | None, Mark]:
        """The account as it is now, None when there is none, and the mark before the reading began.

        Raises DependencyError when the database does not answer.
        """
        running = self._current.get(user_key)
        if running is None:
            task = self._begin(user_key, asyncio.create_task(self._read(user_key)))
        else:
            waiting = self._next.get(user_key)
            task = waiting or asyncio.create_task(self._read_after(running, user_key))
            self._next[user_key] = task
        return await asyncio.shield(task)

    async def is_over(self, user_key: str) -> bool:
        """Was there a reading of that user in flight? Returns when there is none any more, whatever came of it."""
        running = self._current.get(user_key)
        if running is None:
            return False
        await asyncio.wait({running})
        return True

    def _begin(self, user_key: str, task: Reading) -> Reading:
        """The task is the one in flight from now on, until it is done or followed by the next."""

        def done(_: Reading) -> None:
            if self._current.get(user_key) is task:
                del self._current[user_key]

        self._current[user_key] = task
        task.add_done_callback(done)
        return task

    async def _read_after(self, running: Reading, user_key: str) -> tuple[Account | None, Mark]:
        await asyncio.wait({running})
        self._begin(user_key, self._next.pop(user_key))
        return await self._read(user_key)

    async def _read(self, user_key: str) -> tuple[Account | None, Mark]:
        self.readings += 1
        since = self._caches.mark()
        async with self._database.transaction() as connection:
            return await directory.by_key(connection, user_key), since


class SessionGate:
    """Decides whether a live web session still names a user."""

    def __init__(
        self,
        reader: DirectoryReader,
        caches: Caches,
        clock: PolicyClock,
        *,
        gate: CrowdGate,
        may_trust_caches: MayTrustCaches,
    ) -> None:
        self._reader = reader
        self._caches = caches
        self._clock = clock
        self._gate = gate
        self._may_trust_caches = may_trust_caches

    def from_memory(self, session: WebSession) -> Account | None:
        """The account if memory alone settles it. Never waits, so that nothing can happen between the look at the
        lease and the decision. The session may have ended since the request found it."""
        account = session.account
        if account is None or session.ended or not self._may_trust_caches() or self._caches.is_below_floor(session):
            return None
        if self._gate is CrowdGate.EITHER:
            return account
        return self._caches.crowd.vouch(account.user_key, epoch=session.epoch, now_ms=self._clock.now_ms())

    async def renew(self, session: WebSession) -> Account | None:
        """Asks the directory. None means that the session is over, or not its user's any more. Raises DependencyError
        when nobody answers.

        One reading serves every session of the user: who comes while it is in flight looks at memory afterwards, and
        asks again only if that does not settle it, as on a node whose lease is over.
        """
        if session.ended or session.account is None:
            return None
        user_key, epoch = session.account.user_key, session.epoch
        if await self._reader.is_over(user_key):
            known = self.from_memory(session)
            if known is not None:
                return known
        account, since = await self._reader.read(user_key)
        if session.ended or session.account is None or session.account.user_key != user_key:
            return None
        if session.epoch != epoch:
            return await self.renew(session)  # proved again meanwhile, and what was read may be older than that
        if account is None or not still_good(account, epoch=session.epoch):
            self._caches.web_sessions.end(session, EndCause.CROWD)
            return None
        renewed = self._caches.renew(session, account, since=since, now_ms=self._clock.now_ms())
        self._caches.settle_user(account, since=since)
        return account if renewed else None
