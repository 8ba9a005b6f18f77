"""Everything this node remembers of its users, voided together.

A web session or a Crowd entry that is still on its way into memory when an invalidation arrives must not enter
afterwards (reference: invalidation.md P3 to P5). So the node remembers the highest epoch it knows to be void, and what
was born under an older one is turned away at the door.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from node.crowd import CrowdCache
from node.identity import Account
from node.web_sessions import EndCause, WebSession, WebSessions

REVOKED_MAX = 100_000
SPARED_MAX = 1_000
ASK_AGAIN = -1
"""A floor below any: the session is asked about at its next use."""


@dataclass(frozen=True, slots=True)
class Voided:
    """What one invalidation cost one node."""

    sessions: int
    crowd_entries: int


NOTHING_VOIDED = Voided(0, 0)


@dataclass(frozen=True, slots=True)
class Mark:
    """What a node had been told when it began to read the database; compared when what was read enters memory."""

    floor: int
    revocations: int


class Caches:
    """The one door into the web sessions and the Crowd cache for anything that belongs to a user."""

    def __init__(self, web_sessions: WebSessions, crowd: CrowdCache) -> None:
        self.web_sessions = web_sessions
        self.crowd = crowd
        self._revoked: OrderedDict[str, int] = OrderedDict()
        self._revocations = 0
        self._floor = 0
        self._everyone = 0
        self._spared: OrderedDict[str, str] = OrderedDict()

    def mark(self) -> Mark:
        """To be taken before the database is read for something that will be remembered."""
        return Mark(self._floor, self._revocations)

    def raise_floor(self) -> None:
        """Something was invalidated and this node cannot tell what: no session is good any more until the database has
        been asked about it once. Costs nothing now, and each active user one reading later."""
        self._floor += 1

    def void_everyone(self, *, position: int) -> None:
        """The entry of the log at that position voided everybody's sessions. Idempotent: a floor raised for one entry
        does for every earlier one too, since whoever asks the database after it finds those committed."""
        if position > self._everyone:
            self._everyone = position
            self.raise_floor()

    @property
    def floors(self) -> int:
        """How often the floor was raised since the node's start."""
        return self._floor

    def is_below_floor(self, session: WebSession) -> bool:
        return session.floor != self._floor

    def is_void(self, user_key: str, epoch: int) -> bool:
        """Does this node know that what was issued to the user under that epoch is void?"""
        return epoch < self._revoked.get(user_key, 0)

    def remembers(self, since: Mark) -> bool:
        """Is every revocation after `since` still known? Otherwise `is_void` may be false for want of memory, and what
        was read from the database after that mark has to be asked for again; that it is void nobody has said."""
        return self._revocations - since.revocations <= REVOKED_MAX

    def admit(
        self,
        account: Account,
        *,
        since: Mark,
        now_ms: int,
        instead_of: WebSession | None = None,
        forgetting: Collection[str] = (),
    ) -> WebSession | None:
        """A new session and Crowd entry for somebody who just proved to be `account`; None when void already.

        A session it replaces ends in any case and hands on its attributes, but for those in `forgetting`.
        """
        if instead_of is not None:
            self.web_sessions.end(instead_of, EndCause.REPLACED)
        if self.is_void(account.user_key, account.epoch):
            return None
        session = self.web_sessions.open(account, now_ms=now_ms, is_first=instead_of is None)
        self._trust(session, account, since=since, now_ms=now_ms)
        if instead_of is not None:
            session.copy_attributes(instead_of, but=forgetting)
        return session

    def hand_over(self, session: WebSession, account: Account, *, since: Mark, now_ms: int) -> bool:
        """`account` takes over a session that was somebody else's or nobody's, id and all; False when void already."""
        if self.is_void(account.user_key, account.epoch):
            return False
        self.web_sessions.give(session, account)
        self._trust(session, account, since=since, now_ms=now_ms)
        return True

    def renew(self, session: WebSession, account: Account, *, since: Mark, now_ms: int) -> bool:
        """Notes a fresh look at the directory for a live session; False when the session is void by now."""
        if self.is_void(account.user_key, session.epoch):
            self.web_sessions.end(session, EndCause.INVALIDATED)
            return False
        session.account = account
        self._trust(session, account, since=since, now_ms=now_ms)
        return True

    def prove_again(self, session: WebSession, account: Account, *, since: Mark, now_ms: int) -> bool:
        """The session's own user logged in again: it counts as born under the epoch that login read."""
        if account.epoch >= session.epoch:
            session.epoch = account.epoch
        return self.renew(session, account, since=since, now_ms=now_ms)

    def spare(self, event_id: str, session_id: str) -> None:
        """That event, which is about to be committed, leaves that session alone. By exact event id: an epoch may be
        given again, to another node's event, when ours is rolled back."""
        self._spared[event_id] = session_id
        if len(self._spared) > SPARED_MAX:
            self._spared.popitem(last=False)

    def spared_by(self, event_id: str) -> str | None:
        """The id of the session that the event leaves alone, if any; for whoever hears of it before its own action."""
        return self._spared.get(event_id)

    def void(self, user_key: str, *, epoch: int, spare: str | None = None) -> Voided:
        """Whatever was issued to the user before `epoch` is void here from now on. Idempotent."""
        if epoch > self._revoked.get(user_key, 0):
            self._revoked[user_key] = epoch
            self._revoked.move_to_end(user_key)
            self._revocations += 1
            if len(self._revoked) > REVOKED_MAX:
                self._revoked.popitem(last=False)
        sessions = self.web_sessions.void_user(user_key, epoch=epoch, spare=spare)
        return Voided(sessions, int(self.crowd.void_user(user_key, epoch=epoch)))

    def settle(self, session: WebSession, epochs: Mapping[str, int], *, since: Mark) -> bool:
        """Lifts a session to the floor of `since` or ends it, by the epochs that the database had after it; true when
        it ended. A session that was proved again meanwhile is newer than the answer and stays as it is, and so does one
        of which the answer says nothing certain any more."""
        if session.ended or session.account is None:
            return False
        user_key = session.account.user_key
        current = epochs.get(user_key)
        if current is None or current > session.epoch or self.is_void(user_key, session.epoch):
            self.web_sessions.end(session, EndCause.INVALIDATED)
            self.crowd.void_user(user_key, epoch=session.epoch + 1)
            return True
        if current == session.epoch and self.remembers(since):
            session.floor = since.floor
        return False

    def settle_user(self, account: Account, *, since: Mark) -> None:
        """The same for all sessions of somebody whom the database was just asked about."""
        epochs = {account.user_key: account.epoch}
        for session in self.web_sessions.of_user(account.user_key):
            if self.is_below_floor(session):
                self.settle(session, epochs, since=since)

    def _trust(self, session: WebSession, account: Account, *, since: Mark, now_ms: int) -> None:
        """Memory may answer for the session, by what was read after `since`, unless too much has been forgotten to be
        sure of that; nobody is refused for it."""
        if not self.remembers(since):
            session.floor = ASK_AGAIN
            return
        session.floor = since.floor
        self.crowd.note(account, now_ms=now_ms)

    def sweep_in_chunks(self, *, now_ms: int) -> Iterator[int]:
        """Forgets what is overdue, a chunk at a time, and says how much after each. Lookups never depend on it; it only
        keeps memory small."""
        yield from self.web_sessions.sweep_in_chunks(now_ms=now_ms)
        yield from self.crowd.sweep_in_chunks(now_ms=now_ms)
