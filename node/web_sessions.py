"""Web sessions: what a JSESSIONID names in this node's memory.

They live and die with the node and are never replicated. A session ends when it was idle too long (sliding), when it
reached an absolute age (only if one is configured), when it is invalidated, or when somebody ends it. A session that
made a single request ends sooner: Jira's Bot Session Killer takes it for a script. All instants are policy ms. No I/O
and no clock of its own: callers pass `now_ms`.
"""

import hashlib
import random
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from node.identity import Account

ID_BYTES = 16
OBITUARIES_MAX = 10_000
HASHES_KEPT = 4096
SWEEP_CHUNK = 500
BOT_ANONYMOUS_MS = 60_000
BOT_KNOWN_MS = 600_000
"""What the Bot Session Killer leaves a session until its second request; idle limits up to the larger one are left
alone (reference: jira.md 9, read in source)."""
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class EndCause(StrEnum):
    """Why a session is no longer there. UNKNOWN: this node never had it, or forgot it in a restart."""

    UNKNOWN = "unknown"
    IDLE = "idle"
    MAX_AGE = "max-age"
    INVALIDATED = "invalidated"
    CROWD = "crowd"
    LOGOUT = "logout"
    REPLACED = "replaced"
    OVERFLOW = "overflow"


class WebSession:
    """One session. `account` None is an anonymous one; `epoch` is the user's epoch it was born under, `floor` what the
    node had been told when the database was last asked about it (`node.caches`); `ended` is why it is over, or None."""

    __slots__ = ("_attributes", "account", "created_ms", "ended", "epoch", "floor", "id", "idle_ms", "last_ms")

    def __init__(self, session_id: str, account: Account | None, *, now_ms: int, idle_ms: int) -> None:
        self.id = session_id
        self.account = account
        self.epoch = account.epoch if account else 0
        self.floor = 0
        self.ended: EndCause | None = None
        self.created_ms = now_ms
        self.last_ms = now_ms
        self.idle_ms = idle_ms
        self._attributes: dict[str, Any] | None = None

    def get(self, name: str) -> Any:
        """The attribute of that name, or None."""
        return None if self._attributes is None else self._attributes.get(name)

    def put(self, name: str, value: Any) -> None:
        """Most sessions have no attribute, so the room for them comes with the first one."""
        if self._attributes is None:
            self._attributes = {}
        self._attributes[name] = value

    def take(self, name: str) -> Any:
        """The attribute of that name, which is gone afterwards, or None."""
        return None if self._attributes is None else self._attributes.pop(name, None)

    def attribute_names(self) -> list[str]:
        return sorted(self._attributes or ())

    def copy_attributes(self, other: "WebSession", *, but: Collection[str]) -> None:
        """All attributes of `other` except those named."""
        for name, value in (other._attributes or {}).items():
            if name not in but:
                self.put(name, value)

    @property
    def hash(self) -> str:
        """The short base-36 digest of the id that X-ASESSIONID shows."""
        return _hash_of(self.id)


@lru_cache(maxsize=HASHES_KEPT)
def _hash_of(session_id: str) -> str:
    """Remembered for the sessions in use; a million idle ones need not carry theirs about."""
    number = int.from_bytes(hashlib.sha256(session_id.encode()).digest()[:4])
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits or "0"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """Durations in policy ms. `idle_ms` 0 or less means never; `max_age_ms` None means no absolute age."""

    idle_ms: int
    max_age_ms: int | None = None
    bot_killer: bool = False

    def first_idle_ms(self, *, known: bool) -> int:
        """The idle limit of a session until its second request; `known` says whether somebody is logged in."""
        if not self.bot_killer or self.idle_ms <= BOT_KNOWN_MS:
            return self.idle_ms
        return BOT_KNOWN_MS if known else BOT_ANONYMOUS_MS


class Roster:
    """Every session in a list, so that many can be walked in chunks and some be drawn at random, which a dict cannot.

    Ended sessions are thrown out in passing, and `bury` is told of each: two places are looked at for each one that
    enters, which is enough to keep the dead from outnumbering the living, and nobody has to know where in the list a
    session stands.
    """

    def __init__(self, bury: Callable[[WebSession], None]) -> None:
        self._bury = bury
        self._all: list[WebSession] = []
        self._next = 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, session: WebSession) -> None:
        for _ in range(2):
            if self._next >= len(self._all):
                self._next = 0
            if self._all and self._is_alive_at(self._next):
                self._next += 1
        self._all.append(session)

    def walk(self, size: int) -> Iterator[list[WebSession]]:
        """Downwards: the place of a dead one is taken by the last of the list, which the walk has behind it."""
        end = len(self._all)
        while (end := min(end, len(self._all))) > 0:
            start = max(0, end - size)
            chunk = self._all[start:end]
            yield [session for session in chunk if not session.ended]
            for place in range(min(end, len(self._all)) - 1, start - 1, -1):
                self._is_alive_at(place)
            end = start

    def sample(self, count: int, chance: random.Random) -> list[WebSession]:
        if len(self._all) <= count:
            return [session for session in self._all if not session.ended]
        places = {chance.randrange(len(self._all)) for _ in range(count)}
        return [session for place in places if not (session := self._all[place]).ended]

    def _is_alive_at(self, place: int) -> bool:
        """False when a dead one stood there, and now another stands in its place."""
        session = self._all[place]
        if not session.ended:
            return True
        self._bury(session)
        last = self._all.pop()
        if place < len(self._all):
            self._all[place] = last
        return False


class WebSessions:
    """All sessions of one node, with an index by user so that ending one user's costs only that user's.

    Ending a session marks it, and no more: to find it among a million by its id takes several times as long, and is
    done when the roster throws it out.
    """

    def __init__(self, limits: SessionLimits, *, capacity: int, id_suffix: str = "") -> None:
        self._limits = limits
        self._capacity = capacity
        self._id_suffix = id_suffix
        self._by_id: dict[str, WebSession] = {}
        self._living = 0
        self._roster = Roster(self._bury)
        self._by_user: dict[str, WebSession | list[WebSession]] = {}
        self._obituaries: OrderedDict[str, EndCause] = OrderedDict()

    def __len__(self) -> int:
        return self._living

    def find(self, session_id: str, *, now_ms: int) -> WebSession | None:
        """The live session of that id, touched; an overdue one ends here and counts as absent. Whoever is looked up has
        made a second request and is no bot."""
        session = self._by_id.get(session_id)
        if session is None or session.ended:
            return None
        cause = self._overdue(session, now_ms)
        if cause is not None:
            self.end(session, cause)
            return None
        session.last_ms = now_ms
        session.idle_ms = self._limits.idle_ms
        return session

    def peek(self, session_id: str) -> WebSession | None:
        """The session of that id, overdue or not, without counting as its use."""
        session = self._by_id.get(session_id)
        return None if session is None or session.ended else session

    def open(self, account: Account | None, *, now_ms: int, is_first: bool = True) -> WebSession:
        """A new session under a new random id. When the node is full the oldest session makes room.

        `is_first` is false for the session that follows another one of the same client, who therefore is no bot.
        """
        if self._living >= self._capacity:
            self.end(self._oldest(), EndCause.OVERFLOW)
        idle_ms = self._limits.first_idle_ms(known=account is not None) if is_first else self._limits.idle_ms
        session_id = secrets.token_hex(ID_BYTES).upper() + self._id_suffix
        session = WebSession(session_id, account, now_ms=now_ms, idle_ms=idle_ms)
        self._by_id[session_id] = session
        self._living += 1
        self._roster.add(session)
        self._index(session)
        return session

    def give(self, session: WebSession, account: Account | None) -> None:
        """The session belongs to `account` from now on, or to nobody; its id stays."""
        if session.ended:
            return
        self._unindex(session)
        session.account = account
        session.epoch = account.epoch if account else 0
        self._index(session)

    def end(self, session: WebSession, cause: EndCause) -> None:
        """Ends a session; ending one that is gone already does nothing."""
        if self._forget(session, cause):
            self._unindex(session)

    def of_user(self, user_key: str) -> list[WebSession]:
        held = self._by_user.get(user_key, [])
        return [held] if isinstance(held, WebSession) else list(held)

    def void_user(self, user_key: str, *, epoch: int, spare: str | None = None) -> int:
        """Ends what was issued to the user before `epoch`; the session id `spare` is carried over instead.

        Each invalidation raises the epoch by one, so a session that is further behind was voided by an earlier one that
        this node has not heard of yet, and nothing spares it from that.
        """
        held, kept = self.of_user(user_key), []
        for session in held:
            if session.epoch >= epoch:
                kept.append(session)
            elif session.id == spare and session.epoch == epoch - 1:
                session.epoch = epoch
                kept.append(session)
            else:
                self._forget(session, EndCause.INVALIDATED)
        if len(kept) < len(held):
            self._keep(user_key, kept)
        return len(held) - len(kept)

    def sweep(self, *, now_ms: int) -> int:
        """Ends every overdue session; returns how many."""
        return sum(self.sweep_in_chunks(now_ms=now_ms))

    def sweep_in_chunks(self, *, now_ms: int) -> Iterator[int]:
        """The same a chunk at a time: how many ended, after each SWEEP_CHUNK sessions looked at. Between two chunks
        anything may happen to the sessions."""
        for chunk in self._roster.walk(SWEEP_CHUNK):
            ended = 0
            for session in chunk:
                cause = self._overdue(session, now_ms)
                if cause is not None:
                    self.end(session, cause)
                    ended += 1
            yield ended

    def walk(self, size: int) -> Iterator[list[WebSession]]:
        """Every session there is now, at most `size` at a time; those that end meanwhile are left out."""
        return self._roster.walk(size)

    def sample(self, count: int, chance: random.Random) -> list[WebSession]:
        """About `count` sessions drawn at random, at a cost that depends on nothing else."""
        return self._roster.sample(count, chance)

    def all(self) -> list[WebSession]:
        return [session for session in self._by_id.values() if not session.ended]

    def cause_of_end(self, session_id: str) -> EndCause:
        """Why that session is not here; UNKNOWN when this node cannot say."""
        session = self._by_id.get(session_id)
        known = session.ended if session is not None else self._obituaries.get(session_id)
        return known or EndCause.UNKNOWN

    def deadline_ms(self, session: WebSession) -> int | None:
        """The policy instant at which the session ends if nobody uses it again; None for never."""
        deadlines = [session.last_ms + session.idle_ms] if session.idle_ms > 0 else []
        if self._limits.max_age_ms is not None:
            deadlines.append(session.created_ms + self._limits.max_age_ms)
        return min(deadlines, default=None)

    def _index(self, session: WebSession) -> None:
        """Most users have one session, and that one stands in the index without a list around it."""
        if session.account is None:
            return
        user_key = session.account.user_key
        held = self._by_user.get(user_key)
        if held is None:
            self._by_user[user_key] = session
        elif isinstance(held, WebSession):
            self._by_user[user_key] = [held, session]
        else:
            held.append(session)

    def _unindex(self, session: WebSession) -> None:
        if session.account is None:
            return
        user_key = session.account.user_key
        held = self._by_user[user_key]
        if isinstance(held, WebSession):
            del self._by_user[user_key]
            return
        held.remove(session)
        if len(held) == 1:
            self._by_user[user_key] = held[0]

    def _keep(self, user_key: str, sessions: list[WebSession]) -> None:
        """These are all the user has left."""
        if not sessions:
            del self._by_user[user_key]
        else:
            self._by_user[user_key] = sessions if len(sessions) > 1 else sessions[0]

    def _forget(self, session: WebSession, cause: EndCause) -> bool:
        """All but its place in the index by user; False when it is over already."""
        if session.ended:
            return False
        session.ended = cause
        self._living -= 1
        return True

    def _overdue(self, session: WebSession, now_ms: int) -> EndCause | None:
        # As Tomcat counts: a session that was idle for exactly the limit is over.
        if 0 < session.idle_ms <= now_ms - session.last_ms:
            return EndCause.IDLE
        max_age_ms = self._limits.max_age_ms
        if max_age_ms is not None and now_ms - session.created_ms >= max_age_ms:
            return EndCause.MAX_AGE
        return None

    def _oldest(self) -> WebSession:
        """The dead before it are buried, since a full node asks at every login; in one go, since a dictionary is slow
        to find its first entry when many before it were taken out."""
        dead = []
        for session in self._by_id.values():
            if not session.ended:
                break
            dead.append(session)
        for one in dead:
            self._bury(one)
        return session

    def _bury(self, session: WebSession) -> None:
        """Nothing stays of it but why it ended, for a while. The roster comes by again for what a full node buried."""
        assert session.ended is not None
        if self._by_id.pop(session.id, None) is None:
            return
        self._obituaries[session.id] = session.ended
        if len(self._obituaries) > OBITUARIES_MAX:
            self._obituaries.popitem(last=False)
