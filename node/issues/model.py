"""Issues and what they refer to, as frozen values. Instants are policy ms since the epoch, users are user keys."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

KEY_PATTERN = re.compile(r"([A-Z][A-Z0-9_]{1,99})-([1-9][0-9]{0,9})")


@dataclass(frozen=True, slots=True)
class Named:
    """Something an administrator defined: an issue type, a priority, a component. Found by id or by name."""

    id: str
    name: str
    description: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """What a query may call it, besides its id."""
        return (self.name,)


@dataclass(frozen=True, slots=True)
class IssueType(Named):
    """A kind of issue."""

    subtask: bool = False


@dataclass(frozen=True, slots=True)
class StatusCategory(Named):
    """One of Jira's fixed categories of statuses; `id` is a number in its JSON."""

    key: str = ""
    color: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return self.name, self.key


NO_CATEGORY = StatusCategory("1", "No Category", key="undefined", color="medium-gray")


@dataclass(frozen=True, slots=True)
class Status(Named):
    """Where an issue stands in its workflow."""

    category: StatusCategory = NO_CATEGORY


@dataclass(frozen=True, slots=True)
class Priority(Named):
    """`rank` grows with importance: `priority > Medium` finds High."""

    rank: int = 0


@dataclass(frozen=True, slots=True)
class FixVersion(Named):
    """A version an issue is to be fixed in."""

    released: bool = False


@dataclass(frozen=True, slots=True)
class SecurityLevel(Named):
    """Hides an issue from everybody outside `groups`, its reporter and its assignee excepted."""

    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Project(Named):
    """A project; everybody may browse it, the issues' security levels restrict."""

    key: str = ""
    lead: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        return self.key, self.name


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark under an issue."""

    id: str
    author: str
    body: str
    created_ms: int


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue. `assignee`, `reporter` and `creator` are user keys."""

    id: int
    number: int
    project: Project
    type: IssueType
    status: Status
    summary: str
    reporter: str
    creator: str
    created_ms: int
    updated_ms: int
    description: str | None = None
    priority: Priority | None = None
    assignee: str | None = None
    resolution: Named | None = None
    resolved_ms: int | None = None
    due: date | None = None
    labels: tuple[str, ...] = ()
    components: tuple[Named, ...] = ()
    fix_versions: tuple[FixVersion, ...] = ()
    security: SecurityLevel | None = None
    parent: str | None = None
    votes: int = 0
    comments: tuple[Comment, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.project.key}-{self.number}"


@dataclass(frozen=True, slots=True)
class Person:
    """What the directory knows of a user, as far as issues show it."""

    user_key: str
    username: str
    display_name: str
    email: str
    active: bool = True
    groups: frozenset[str] = frozenset()


class People:
    """The directory at one moment: lookups by user key and, in any case, by what people type."""

    def __init__(self, persons: Iterable[Person], *, groups: Iterable[str] = ()) -> None:
        self._by_key = {person.user_key: person for person in persons}
        self._by_word: dict[str, Person] = {}
        for person in self._by_key.values():
            for word in (person.display_name, person.email, person.user_key):
                self._by_word.setdefault(word.casefold(), person)
        # A user name beats somebody else's display name.
        self._by_word |= {person.username.casefold(): person for person in self._by_key.values()}
        self._groups = {name.casefold() for name in groups}
        self._groups |= {name.casefold() for person in self._by_key.values() for name in person.groups}

    def __iter__(self) -> Iterator[Person]:
        """Everybody, in the order given."""
        return iter(self._by_key.values())

    def by_key(self, user_key: str) -> Person | None:
        """The user with that key, or None when there is none any more."""
        return self._by_key.get(user_key)

    def named(self, word: str) -> Person | None:
        """The user of that user name, e-mail address, full name or key."""
        return self._by_word.get(word.casefold())

    def members(self, group: str) -> frozenset[str] | None:
        """The user keys in a group, or None when there is no such group."""
        if group.casefold() not in self._groups:
            return None
        return frozenset(
            person.user_key
            for person in self._by_key.values()
            if group.casefold() in {name.casefold() for name in person.groups}
        )


@dataclass(frozen=True)
class Tracker:
    """Everything there is to search: the definitions and the issues."""

    projects: tuple[Project, ...]
    types: tuple[IssueType, ...]
    statuses: tuple[Status, ...]
    priorities: tuple[Priority, ...]
    resolutions: tuple[Named, ...]
    components: tuple[Named, ...]
    fix_versions: tuple[FixVersion, ...]
    levels: tuple[SecurityLevel, ...]
    issues: tuple[Issue, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._by_key) != len(self.issues) or len(self._by_id) != len(self.issues):
            raise ValueError("two issues share a key or an id")

    @cached_property
    def _by_key(self) -> dict[str, Issue]:
        return {issue.key: issue for issue in self.issues}

    @cached_property
    def _by_id(self) -> dict[str, Issue]:
        return {str(issue.id): issue for issue in self.issues}

    def find(self, id_or_key: str) -> Issue | None:
        """The issue of that id or key, the key in any case."""
        return self._by_id.get(id_or_key) or self._by_key.get(id_or_key.upper())

    def subtasks(self, key: str) -> tuple[Issue, ...]:
        """The issues whose parent has that key."""
        return tuple(issue for issue in self.issues if issue.parent == key)
