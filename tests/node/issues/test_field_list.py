"""The list of fields, and the selection of some."""

import pytest

from node.issues.field_list import FIELDS, field_list, selected
from node.issues.jql.fields import FIELDS as JQL_FIELDS
from node.issues.jql.fields import field_named

IDS = {field.id for field in FIELDS}
NAVIGABLE = {field.id for field in FIELDS if field.navigable}


def test_shape():
    """Each field has the members clients read; arrays say of what."""
    by_id = {field["id"]: field for field in field_list()}
    assert by_id["summary"] == {
        "id": "summary",
        "name": "Summary",
        "custom": False,
        "orderable": True,
        "navigable": True,
        "searchable": True,
        "clauseNames": ["summary"],
        "schema": {"type": "string", "system": "summary"},
    }
    assert by_id["components"]["schema"] == {"type": "array", "items": "component", "system": "components"}
    assert "schema" not in by_id["issuekey"]


def test_clause_names_are_what_jql_knows():
    """Every clause name of the list works in a query, and belongs to one field there."""
    for field in FIELDS:
        assert len({id(field_named(name)) for name in field.clause_names}) <= 1
        assert all(field_named(name) for name in field.clause_names)
    listed = {name for field in FIELDS for name in field.clause_names}
    assert {name for field in JQL_FIELDS for name in field.names} - listed == {"statusCategory", "text"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], NAVIGABLE),
        (["*navigable"], NAVIGABLE),
        (["*all"], IDS),
        (["summary", "status"], {"summary", "status"}),
        (["*all", "-comment"], IDS - {"comment"}),
        (["-description"], NAVIGABLE - {"description"}),
        (["-description", "description"], {"description"}),
        (["*navigable", "comment", "-summary"], (NAVIGABLE | {"comment"}) - {"summary"}),
        (["nosuch"], set()),
        (["-nosuch", "*all"], IDS),
    ],
)
def test_selection(names, expected):
    """Groups, names and exclusions apply in the order written."""
    assert selected(names) == expected
