"""The fields a query may name, their aliases, and how they sort."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from node.issues.jql.instants import date_ms
from node.issues.jql.kinds import (
    AnyKind,
    CountKind,
    DayKind,
    InstantKind,
    KeyKind,
    LabelKind,
    NamedKind,
    PriorityKind,
    TextKind,
    UserKind,
)
from node.issues.jql.scope import Scope
from node.issues.model import KEY_PATTERN, Issue

SortKey = Callable[[Issue, Scope], Any]
"""What an issue sorts by, or None when it has no value."""


@dataclass(frozen=True, slots=True)
class Field:
    """`values` gives what an issue has, nothing when EMPTY. `descending` is the direction ORDER BY takes by itself."""

    names: tuple[str, ...]
    kind: AnyKind
    values: Callable[[Issue], tuple[Any, ...]]
    may_be_empty: bool = True
    sort: SortKey | None = None
    descending: bool = False


def field_named(name: str) -> Field | None:
    """The field of that name or alias, in any case."""
    return _BY_NAME.get(name.casefold())


def _optional(value: Any) -> tuple[Any, ...]:
    return () if value is None else (value,)


def _texts(issue: Issue) -> tuple[str, ...]:
    return (issue.summary, *_optional(issue.description), *_comment_texts(issue))


def _comment_texts(issue: Issue) -> tuple[str, ...]:
    return tuple(comment.body for comment in issue.comments)


def _parent(issue: Issue) -> tuple[tuple[str, int], ...]:
    match = KEY_PATTERN.fullmatch(issue.parent or "")
    return ((match[1], int(match[2])),) if match else ()


def _visible_levels(scope: Scope) -> set[Any]:
    """A level nobody may look into has no name for this viewer."""
    return {issue.security for issue in scope.issues if issue.security}


def _display_name(user_key: str | None, scope: Scope) -> str | None:
    if user_key is None:
        return None
    person = scope.people.by_key(user_key)
    return (person.display_name if person else user_key).casefold()


def _first_name(named: tuple[Any, ...]) -> str | None:
    return min((one.name.casefold() for one in named), default=None)


FIELDS = (
    Field(
        ("issuekey", "key", "issue", "id"),
        KeyKind(),
        lambda issue: ((issue.project.key, issue.number),),
        may_be_empty=False,
        sort=lambda issue, _: (issue.project.key, issue.number),
    ),
    Field(("parent",), KeyKind(), _parent),
    Field(
        ("project",),
        NamedKind(lambda scope: scope.tracker.projects),
        lambda issue: (issue.project,),
        may_be_empty=False,
        sort=lambda issue, _: issue.project.name.casefold(),
    ),
    Field(
        ("issuetype", "type"),
        NamedKind(lambda scope: scope.tracker.types),
        lambda issue: (issue.type,),
        may_be_empty=False,
        sort=lambda issue, _: issue.type.name.casefold(),
    ),
    Field(
        ("status",),
        NamedKind(lambda scope: scope.tracker.statuses),
        lambda issue: (issue.status,),
        may_be_empty=False,
        sort=lambda issue, scope: scope.tracker.statuses.index(issue.status),
    ),
    Field(
        ("statusCategory",),
        NamedKind(lambda scope: {status.category for status in scope.tracker.statuses}),
        lambda issue: (issue.status.category,),
        may_be_empty=False,
        sort=lambda issue, _: issue.status.category.id,
    ),
    Field(
        ("priority",),
        PriorityKind(lambda scope: scope.tracker.priorities),
        lambda issue: _optional(issue.priority),
        sort=lambda issue, _: issue.priority.rank if issue.priority else None,
        descending=True,
    ),
    Field(
        ("resolution",),
        NamedKind(lambda scope: scope.tracker.resolutions, empty="unresolved"),
        lambda issue: _optional(issue.resolution),
        sort=lambda issue, scope: scope.tracker.resolutions.index(issue.resolution) if issue.resolution else None,
    ),
    Field(
        ("assignee",),
        UserKind(),
        lambda issue: _optional(issue.assignee),
        sort=lambda issue, scope: _display_name(issue.assignee, scope),
    ),
    Field(
        ("reporter",),
        UserKind(),
        lambda issue: (issue.reporter,),
        sort=lambda issue, scope: _display_name(issue.reporter, scope),
    ),
    Field(
        ("creator",),
        UserKind(),
        lambda issue: (issue.creator,),
        sort=lambda issue, scope: _display_name(issue.creator, scope),
    ),
    Field(("labels",), LabelKind(), lambda issue: issue.labels, sort=lambda issue, _: min(issue.labels, default=None)),
    Field(
        ("component",),
        NamedKind(lambda scope: scope.tracker.components),
        lambda issue: issue.components,
        sort=lambda issue, _: _first_name(issue.components),
    ),
    Field(
        ("fixVersion",),
        NamedKind(lambda scope: scope.tracker.fix_versions),
        lambda issue: issue.fix_versions,
        sort=lambda issue, _: _first_name(issue.fix_versions),
    ),
    Field(
        ("level",),
        NamedKind(_visible_levels),
        lambda issue: _optional(issue.security),
        sort=lambda issue, _: issue.security.name.casefold() if issue.security else None,
    ),
    Field(("summary",), TextKind(), lambda issue: (issue.summary,), sort=lambda issue, _: issue.summary.casefold()),
    Field(
        ("description",),
        TextKind(),
        lambda issue: _optional(issue.description),
        sort=lambda issue, _: issue.description and issue.description.casefold(),
    ),
    Field(("comment",), TextKind(), _comment_texts, may_be_empty=False),
    Field(("text",), TextKind(), _texts, may_be_empty=False),
    Field(
        ("created", "createdDate"),
        InstantKind(),
        lambda issue: (issue.created_ms,),
        sort=lambda issue, _: issue.created_ms,
        descending=True,
    ),
    Field(
        ("updated", "updatedDate"),
        InstantKind(),
        lambda issue: (issue.updated_ms,),
        sort=lambda issue, _: issue.updated_ms,
        descending=True,
    ),
    Field(
        ("resolved", "resolutiondate"),
        InstantKind(),
        lambda issue: _optional(issue.resolved_ms),
        sort=lambda issue, _: issue.resolved_ms,
        descending=True,
    ),
    Field(
        ("due", "duedate"),
        DayKind(),
        lambda issue: () if issue.due is None else (date_ms(issue.due),),
        sort=lambda issue, _: issue.due,
        descending=True,
    ),
    Field(
        ("votes",),
        CountKind(),
        lambda issue: (issue.votes,),
        may_be_empty=False,
        sort=lambda issue, _: issue.votes,
        descending=True,
    ),
)
_BY_NAME = {name.casefold(): field for field in FIELDS for name in field.names}
