"""What a query is evaluated against: the issues one viewer may see, at one moment."""

from dataclasses import dataclass
from functools import cached_property

from node.issues.model import Issue, People, Person, Tracker
from node.issues.visibility import visible_issues


@dataclass(frozen=True)
class Scope:
    """`viewer` None is anonymous; `now_ms` is policy time."""

    tracker: Tracker
    people: People
    viewer: Person | None
    now_ms: int

    @cached_property
    def issues(self) -> tuple[Issue, ...]:
        """What the viewer may see. Nothing else can be found, nor told apart from what does not exist."""
        return visible_issues(self.tracker, self.viewer)

    @cached_property
    def by_id_or_key(self) -> dict[str, Issue]:
        return {word: issue for issue in self.issues for word in (str(issue.id), issue.key)}
