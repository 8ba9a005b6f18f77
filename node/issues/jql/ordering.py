"""ORDER BY. Without it, and among equals, the newest key comes first. EMPTY counts as greater than every value."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from node.issues.jql.clauses import Sort
from node.issues.jql.fields import Field, field_named
from node.issues.jql.scope import Scope
from node.issues.model import Issue


def sort_problems(order: Iterable[Sort]) -> list[str]:
    """Jira's message for each field that cannot be sorted by."""
    return [f"Not able to sort using field '{sort.field}'." for sort in order if _sortable(sort.field) is None]


def ordered(issues: Iterable[Issue], order: tuple[Sort, ...], scope: Scope) -> list[Issue]:
    """The issues in order; a field that cannot be sorted by is passed over."""
    found = sorted(issues, key=lambda issue: (issue.project.key, issue.number), reverse=True)
    # Sorting is stable, so the last field goes first.
    for sort in reversed(order):
        field = _sortable(sort.field)
        if field is not None:
            descending = field.descending if sort.descending is None else sort.descending
            found.sort(key=partial(_rank, field, scope), reverse=descending)
    return found


def _sortable(name: str) -> Field | None:
    field = field_named(name)
    return field if field is not None and field.sort is not None else None


def _rank(field: Field, scope: Scope, issue: Issue) -> tuple[bool, Any]:
    assert field.sort is not None
    value = field.sort(issue, scope)
    return value is None, value
