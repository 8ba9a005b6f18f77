"""The Crowd cache: this node's notes that it validated a user against the directory.

An entry is at most `ttl_ms` old, used or not: absolute, never sliding (source: "Invalidating user sessions in Jira Data
Center"). It vouches for sessions of the very epoch it was read at, so an old session cannot live on a newer login's
entry. All instants are policy ms. No I/O: the caller reads the directory and notes what it read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from node.identity import Account

SWEEP_CHUNK = 500


@dataclass(frozen=True, slots=True)
class CrowdEntry:
    """The account as it was read at `validated_ms`."""

    account: Account
    validated_ms: int


class CrowdCache:
    """One entry a user. Its size is bounded by the users who have a session here; overdue entries are swept."""

    def __init__(self, *, ttl_ms: int) -> None:
        self._ttl_ms = ttl_ms
        self._entries: dict[str, CrowdEntry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def vouch(self, user_key: str, *, epoch: int, now_ms: int) -> Account | None:
        """The account, if a fresh entry of exactly that epoch vouches for it."""
        entry = self._entries.get(user_key)
        if entry is None or entry.account.epoch != epoch or now_ms - entry.validated_ms >= self._ttl_ms:
            return None
        return entry.account

    def note(self, account: Account, *, now_ms: int) -> None:
        """The directory said so just now."""
        self._entries.pop(account.user_key, None)
        self._entries[account.user_key] = CrowdEntry(account, now_ms)

    def void_user(self, user_key: str, *, epoch: int) -> bool:
        """Drops the entry if it is older than `epoch`."""
        entry = self._entries.get(user_key)
        if entry is None or entry.account.epoch >= epoch:
            return False
        del self._entries[user_key]
        return True

    def sweep_in_chunks(self, *, now_ms: int) -> Iterator[int]:
        """Drops what is overdue, and says how many after each SWEEP_CHUNK. The oldest note stands first; where a skewed
        clock made that untrue an entry stays for as much longer, and vouches for nobody."""
        while True:
            first = [*islice(self._entries.items(), SWEEP_CHUNK)]
            overdue = [key for key, _ in takewhile(lambda item: self._is_overdue(item[1], now_ms), first)]
            for key in overdue:
                del self._entries[key]
            yield len(overdue)
            if len(overdue) < SWEEP_CHUNK:
                return

    def _is_overdue(self, entry: CrowdEntry, now_ms: int) -> bool:
        return now_ms - entry.validated_ms >= self._ttl_ms

    def all(self) -> list[CrowdEntry]:
        return list(self._entries.values())

    def deadline_ms(self, entry: CrowdEntry) -> int:
        """The policy instant at which the entry stops vouching."""
        return entry.validated_ms + self._ttl_ms


def still_good(account: Account | None, *, epoch: int) -> bool:
    """May a session born under `epoch` be renewed on what the directory says now?"""
    return account is not None and account.active and account.epoch == epoch
