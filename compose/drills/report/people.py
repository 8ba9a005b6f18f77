"""The people of a run and what became of each: the worst of it gives the person his mark."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from compose.drills.history.history import Operation
from compose.drills.history.records import OPERATORS, OpKind
from compose.drills.report.seen import Came, Seen


class Fate(Enum):
    """In the order of how bad it is. Each has a letter and a phrase, for those who see no colour and no shape."""

    WRONGLY_IN = ("W", "wrongly in", "let in with a login that had been ended")
    THROWN_OUT = ("T", "thrown out", "had to log in again")
    SILENT = ("S", "silently back in", "lost the session, let in by the remember-me cookie without a prompt")
    ERROR = ("E", "saw an error", "kept the login, but a request got no proper answer")
    UNAFFECTED = ("U", "unaffected", "noticed nothing")

    def __init__(self, letter: str, phrase: str, meaning: str) -> None:
        self.letter = letter
        self.phrase = phrase
        self.meaning = meaning

    @property
    def key(self) -> str:
        return self.name.lower().replace("_", "-")

    @property
    def badness(self) -> int:
        return len(Fate) - list(Fate).index(self)


@dataclass(frozen=True)
class Person:
    """Somebody with a browser. `accounts` are the users he was served as: a thief has his victim's."""

    name: str
    accounts: frozenset[str]
    operations: tuple[Operation, ...]
    counts: Counter[Came]

    @cached_property
    def fate(self) -> Fate:
        if self.counts[Came.STALE]:
            return Fate.WRONGLY_IN
        if self.counts[Came.THROWN_OUT]:
            return Fate.THROWN_OUT
        if self.counts[Came.SILENT]:
            return Fate.SILENT
        return Fate.ERROR if self.counts[Came.FAILED] + self.counts[Came.UNSEEN] else Fate.UNAFFECTED

    @property
    def badness(self) -> tuple[int, int, int]:
        """Larger is worse: the fate, then how often, then how many errors."""
        often = sum(self.counts[came] for came in (Came.STALE, Came.THROWN_OUT, Came.SILENT))
        return self.fate.badness, often, self.counts[Came.FAILED]

    def in_words(self) -> str:
        """Such as "thrown out 2 times, 14 requests"."""
        parts = [
            f"{word} {'once' if count == 1 else f'{count} times'}"
            for came, word in _WORDS
            if (count := self.counts[came])
        ]
        return ", ".join([*parts, f"{len(self.operations)} request{'' if len(self.operations) == 1 else 's'}"])


_WORDS = (
    (Came.STALE, "wrongly let in"),
    (Came.THROWN_OUT, "thrown out"),
    (Came.SILENT, "silently let in"),
    (Came.FAILED, "no proper answer"),
    (Came.UNSEEN, "outcome unknown"),
)


class People:
    """Everybody of one variant who used the cluster; who only administers it is left out."""

    def __init__(self, seen: Seen) -> None:
        self.by_name: dict[str, Person] = {}
        for name, operations in seen.case.history.by_user.items():
            if _is_user(operations):
                accounts = frozenset(seen.case.credentials.account_of(operation) for operation in operations)
                counts = Counter(seen[operation] for operation in operations)
                counts[Came.THROWN_OUT] += sum(map(seen.had_to_log_in, operations))
                self.by_name[name] = Person(name, accounts, operations, counts)

    def __len__(self) -> int:
        return len(self.by_name)

    @cached_property
    def fates(self) -> dict[Fate, int]:
        counted = Counter(person.fate for person in self.by_name.values())
        return {fate: counted[fate] for fate in Fate}


def worst_first(variants: Sequence[People]) -> list[str]:
    """Everybody of any variant, the worst that happened to him anywhere first; equals in the order of their names."""
    names = {name for people in variants for name in people.by_name}

    def key(name: str) -> tuple[list[int], tuple[tuple[int, str], ...]]:
        worst = max(people.by_name[name].badness for people in variants if name in people.by_name)
        return [-part for part in worst], natural(name)

    return sorted(names, key=key)


def _is_user(operations: Sequence[Operation]) -> bool:
    """Not an administrator, nor somebody who did nothing but act on others or on himself."""
    if all(operation.invoke.group == OPERATORS for operation in operations):
        return False
    kinds = {operation.kind for operation in operations}
    return bool(kinds & {OpKind.BROWSE, OpKind.WRITE}) or OpKind.ACT not in kinds


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """user-2 before user-10."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name))
