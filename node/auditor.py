"""Looks for sessions that should be dead: the node's own check that invalidation works, whatever the delivery claims.

Every quarter of a lease a few sessions are drawn at random and held against the epochs in the database. One that is
behind becomes a suspect; it is reported when it is still honoured in a later round, at least half a lease afterwards,
by a node that claims to have applied the log as far as it went when the suspicion arose. So an invalidation that is on
its way is no alarm, nor is a node that is fenced or a session below the floor: neither would be accepted from memory.

`Auditor` is the rules, without I/O; `run_audit` reads the database. Leases and the grace are real time.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from node.caches import Caches
from node.invalidation.facts import DeliveryFacts
from node.invalidation.lease import NS, BootClock, boot_ns
from node.store import directory, invalidation_log
from node.store.engine import Database
from node.web_sessions import WebSession
from shared.errors import DependencyError
from shared.log import get_logger

log = get_logger()

SAMPLE_MAX = 256
"""Sessions drawn in one round, and suspects kept at a time: a round costs the same however many sessions there are."""
ROUNDS_PER_LEASE = 4
GRACE_LEASES = 0.5


@dataclass(frozen=True, slots=True)
class Finding:
    """A session that a request would still be answered for, though its user's epoch has risen.

    `epoch` is the session's, `current` the database's, None for a user who is gone; `known_s` is how long (real).
    """

    session: WebSession
    epoch: int
    current: int | None
    known_s: float


@dataclass(slots=True)
class _Suspect:
    session: WebSession
    since_ns: int
    head: int
    is_reported: bool = False


class Auditor:
    """Who is asked about, and who is reported."""

    def __init__(
        self,
        caches: Caches,
        *,
        lease_s: float,
        chance: random.Random,
        may_trust_caches: Callable[[], bool],
        facts: Callable[[], DeliveryFacts],
        clock: BootClock = boot_ns,
    ) -> None:
        self._caches = caches
        self._grace_ns = round(lease_s * GRACE_LEASES * NS)
        self._chance = chance
        self._may_trust_caches = may_trust_caches
        self._facts = facts
        self._clock = clock
        self._suspects: dict[str, _Suspect] = {}
        self.interval_s = lease_s / ROUNDS_PER_LEASE
        self.sampled = 0
        self.found = 0

    def draw(self) -> list[WebSession]:
        """The suspects, and at most SAMPLE_MAX others; sessions of nobody are nobody's to void."""
        drawn = {session.id: session for session in self._caches.web_sessions.sample(SAMPLE_MAX, self._chance)}
        drawn |= {key: suspect.session for key, suspect in self._suspects.items()}
        self.sampled += len(drawn)
        return [session for session in drawn.values() if session.account is not None]

    def judge(self, sessions: Iterable[WebSession], epochs: Mapping[str, int], *, head: int) -> list[Finding]:
        """`epochs` are the database's, by user key, and `head` was the end of the log right after they were read."""
        now_ns = self._clock()
        behind = {session.id: session for session in sessions if self._is_behind(session, epochs)}
        if not self._may_trust_caches():
            behind = {}  # a fenced node accepts nothing from memory
        self._suspects = {key: suspect for key, suspect in self._suspects.items() if key in behind}
        found = []
        for key, session in behind.items():
            suspect = self._suspects.get(key)
            if suspect is None:
                if len(self._suspects) < SAMPLE_MAX:
                    self._suspects[key] = _Suspect(session, now_ns, head)
            elif not suspect.is_reported and self._is_proven(suspect, now_ns):
                suspect.is_reported = True
                found.append(self._finding(suspect, epochs, now_ns))
        self.found += len(found)
        return found

    def _is_behind(self, session: WebSession, epochs: Mapping[str, int]) -> bool:
        if session.ended or session.account is None or self._caches.is_below_floor(session):
            return False
        current = epochs.get(session.account.user_key)
        return current is None or current > session.epoch

    def _is_proven(self, suspect: _Suspect, now_ns: int) -> bool:
        applied = self._facts().applied
        has_applied = applied is None or applied >= suspect.head
        return has_applied and now_ns - suspect.since_ns >= self._grace_ns

    def _finding(self, suspect: _Suspect, epochs: Mapping[str, int], now_ns: int) -> Finding:
        session = suspect.session
        current = epochs.get(session.account.user_key) if session.account else None
        return Finding(session, session.epoch, current, (now_ns - suspect.since_ns) / NS)


async def run_audit(auditor: Auditor, database: Database) -> None:
    """One round after the other until cancelled; a database that is away costs rounds and nothing else."""
    while True:
        await asyncio.sleep(auditor.interval_s)
        sessions = auditor.draw()
        if not sessions:
            continue
        try:
            async with database.transaction() as connection:
                epochs = await directory.epochs_of(connection, {s.account.user_key for s in sessions if s.account})
                head = await invalidation_log.head(connection)
        except DependencyError as error:
            log.debug("no audit", error=str(error))
            continue
        for finding in auditor.judge(sessions, epochs, head=head):
            session = finding.session
            log.error(
                "stale session found",
                user=session.account.username if session.account else None,
                session=session.hash,
                epoch=finding.epoch,
                current_epoch=finding.current,
                known_real_s=round(finding.known_s, 3),
            )
