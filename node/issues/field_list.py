"""The fields of an issue: what `GET /rest/api/2/field` says about them, and which of them a request selects."""

from collections.abc import Iterable
from dataclasses import dataclass

ALL = "*all"
NAVIGABLE = "*navigable"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field. `type` is its schema, `array:` before the type of the items; empty for a field without a schema."""

    id: str
    name: str
    type: str
    clause_names: tuple[str, ...] = ()
    navigable: bool = True
    orderable: bool = True
    searchable: bool = True


FIELDS = (
    FieldInfo("issuekey", "Key", "", ("id", "issue", "issuekey", "key"), orderable=False, searchable=False),
    FieldInfo("summary", "Summary", "string", ("summary",)),
    FieldInfo("issuetype", "Issue Type", "issuetype", ("issuetype", "type")),
    FieldInfo("status", "Status", "status", ("status",), orderable=False),
    FieldInfo("project", "Project", "project", ("project",), orderable=False),
    FieldInfo("priority", "Priority", "priority", ("priority",)),
    FieldInfo("resolution", "Resolution", "resolution", ("resolution",)),
    FieldInfo("assignee", "Assignee", "user", ("assignee",)),
    FieldInfo("reporter", "Reporter", "user", ("reporter",)),
    FieldInfo("creator", "Creator", "user", ("creator",), orderable=False),
    FieldInfo("labels", "Labels", "array:string", ("labels",)),
    FieldInfo("components", "Component/s", "array:component", ("component",)),
    FieldInfo("fixVersions", "Fix Version/s", "array:version", ("fixVersion",)),
    FieldInfo("created", "Created", "datetime", ("created", "createdDate"), orderable=False),
    FieldInfo("updated", "Updated", "datetime", ("updated", "updatedDate"), orderable=False),
    FieldInfo("resolutiondate", "Resolved", "datetime", ("resolutiondate", "resolved"), orderable=False),
    FieldInfo("duedate", "Due Date", "date", ("due", "duedate")),
    FieldInfo("description", "Description", "string", ("description",)),
    FieldInfo("security", "Security Level", "securitylevel", ("level",)),
    FieldInfo("votes", "Votes", "votes", ("votes",), orderable=False, searchable=False),
    FieldInfo("subtasks", "Sub-Tasks", "array:issuelinks", orderable=False, searchable=False),
    FieldInfo("parent", "Parent", "issuelink", ("parent",), navigable=False, searchable=False),
    FieldInfo("comment", "Comment", "comments-page", ("comment",), navigable=False),
    FieldInfo("attachment", "Attachment", "array:attachment", navigable=False, searchable=False),
)


def field_bean(field: FieldInfo) -> dict[str, object]:
    """One element of Jira's field list."""
    bean: dict[str, object] = {
        "id": field.id,
        "name": field.name,
        "custom": False,
        "orderable": field.orderable,
        "navigable": field.navigable,
        "searchable": field.searchable,
        "clauseNames": list(field.clause_names),
    }
    if field.type:
        bean["schema"] = _schema(field)
    return bean


def field_list() -> list[dict[str, object]]:
    """The answer of `GET /rest/api/2/field`, the same for every viewer."""
    return [field_bean(field) for field in FIELDS]


def selected(names: Iterable[str]) -> frozenset[str]:
    """The ids of the fields that `fields=` selects, in the order written: `*all`, `*navigable`, `name`, `-name`.

    A selection that only takes away takes away from everything navigable. Unknown names select nothing, as in Jira.
    """
    chosen: set[str] = set()
    names = list(names)
    if all(name.startswith("-") for name in names):
        chosen |= _NAVIGABLE_IDS
    for name in names:
        if name == ALL:
            chosen |= _IDS
        elif name == NAVIGABLE:
            chosen |= _NAVIGABLE_IDS
        elif name.startswith("-"):
            chosen.discard(name[1:])
        else:
            chosen.add(name)
    return frozenset(chosen & _IDS)


def _schema(field: FieldInfo) -> dict[str, object]:
    kind, _, items = field.type.partition(":")
    return {"type": kind, **({"items": items} if items else {}), "system": field.id}


_IDS = frozenset(field.id for field in FIELDS)
_NAVIGABLE_IDS = frozenset(field.id for field in FIELDS if field.navigable)
