"""What a query finds among the seeded issues, and what Jira says to a query it cannot run."""

import operator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.issues.jql.clauses import And, Clause, Empty, Many, Not, Operator, Or, Query, Value
from node.issues.jql.errors import JqlError
from node.issues.jql.fields import FIELDS
from node.issues.jql.functions import FUNCTIONS
from node.issues.jql.parser import DEPTH_MAX, parse
from node.issues.jql.printing import to_jql
from node.issues.jql.scope import Scope
from node.issues.model import Project
from node.issues.search import SearchRequest, search
from tests.node.issues.jql.strategies import conditions
from tests.support.issues import NOW_MS, PEOPLE, TRACKER, found

ALL = list(range(1, 26))


def numbers(test):
    return [issue.number for issue in TRACKER.issues if test(issue)]


@pytest.mark.parametrize(
    ("jql", "expected"),
    [
        ("", ALL),
        ("type=Bug AND status=Closed", [2, 13, 17, 20]),
        ("TYPE = bug aNd STATUS = 'closed'", [2, 13, 17, 20]),
        ("issuetype = 1 AND status = 6", [2, 13, 17, 20]),
        ("project = test", ALL),
        ("project = 'Test Project' and key = test-3", [3]),
        ("key in (TEST-1, 10002)", [1, 3]),
        ("id = 10002", [3]),
        ("issue >= TEST-24", [24, 25]),
        ("key < TEST-3 and key > TEST-1", [2]),
        ("status = 'In Progress'", [1, 10, 15]),
        ("statusCategory = done and status != Closed", [4, 14]),
        ("statusCategory = 'In Progress'", [1, 10, 15]),
        ("status not in (Open, Closed, Resolved, 'In Progress')", [8, 24]),
        ("priority > High", [2, 10, 17]),
        ("priority <= Lowest", [6, 23]),
        ("priority is empty", [22, 25]),
        ("priority != Medium and priority < High and type = Bug", [20]),
        ("resolution = Unresolved and type = Epic", [1, 9]),
        ("resolution != Unresolved and type = Epic", []),
        ('resolution in (Duplicate, "Won\'t Fix")', [13, 14, 23]),
        ("assignee = 'Dave Diver'", [6, 11, 12]),
        ("assignee = 'dave@example.com'", [6, 11, 12]),
        ("reporter = BOB and assignee = bob", [20]),
        ("assignee in (admin, EMPTY) and type = Bug", [17, 19, 21, 25]),
        ("assignee not in (alice, bob, EMPTY)", [4, 5, 6, 11, 12, 17, 18, 23]),
        ("assignee = EMPTY and priority is not null", [7, 9, 19, 21]),
        ("assignee != EMPTY and type = Story", [15, 23]),
        ("creator = dave and type = Task", [12, 22]),
        ("labels = REST", [8, 18, 21, 23]),
        ("labels != rest and component = Search", []),
        ("labels in (docs, nosuchlabel)", [4]),
        ("component in (Search, Cluster) and component = Login", [2]),
        ("component is empty and type = Sub-task", [5, 6]),
        ("fixVersion = 1.0", [2, 4, 12, 20]),
        ("fixVersion = 10001 and type = Story", [7, 15]),
        ("level is not empty", [17, 18, 19, 20]),
        ("level = Internal", [19, 20]),
        ("parent = TEST-4", [5, 6]),
        ("votes >= 9", [2, 9, 10]),
        ("votes = 12", [2]),
        ("summary ~ 'node dead'", [13, 14]),
        ("summary ~ '\"dead while it stops\"'", [14]),
        ("summary !~ node and type = Epic", [1, 9]),
        ("summary ~ 'log*'", [1, 2, 7, 20, 23]),
        ("description is empty and type = Epic", [9]),
        ("description !~ nothing", [1, 3, 21]),
        ("comment ~ route", [2]),
        ("text ~ anonymous", [21]),
        ("created > -1w", [21, 22, 24, 25]),
        ("created <= -80d", [1, 2, 9]),
        ("updated = '2026-03-02'", [10, 25]),
        ("updated >= startOfDay(-1d)", [8, 10, 21, 24, 25]),
        ("created = now()", [25]),
        ("due < now()", [8]),
        ("due = 2026-03-03", [10]),
        ("due >= 1d and due <= '1w'", [3, 10, 18]),
        ("due is empty and type = Story", [7, 23]),
        ("resolved > -3w", [4, 23]),
        ("assignee = currentUser()", [17]),
        ("reporter in (currentUser(), carol) and type = Bug", [10, 17, 21]),
        ("assignee in membersOf(jira-administrators)", [17]),
        ("assignee not in membersOf('JIRA-administrators') and type = Epic", [1]),
        ("assignee in membersOf(empty-group)", []),
        ("not assignee = alice and type = Epic", []),
        ("not (type = Bug or type = Task or type = Epic or type = Sub-task)", [7, 15, 23]),
        ("not not type = Epic", [1, 9]),
        ("not due < now() and due is not empty", [3, 10, 11, 15, 18]),
        ("created < 0", []),
        ("created > 1772442000000", []),
        ("type = Epic or type = Story and status = Closed", [1, 9, 23]),
    ],
)
def test_found(jql, expected):
    """Each operator on each kind of field, on issues counted by hand."""
    assert found(jql) == sorted(expected)


@pytest.mark.parametrize("field", ["assignee", "priority", "due", "resolution", "labels", "description", "fixVersion"])
def test_empty_and_not_empty_are_everything(field):
    """IS EMPTY and IS NOT EMPTY part the issues in two."""
    assert sorted(found(f"{field} is empty") + found(f"{field} is not empty")) == ALL


def test_anonymous_sees_less_and_no_error():
    """The silent trap: the same query by nobody answers too, with fewer issues."""
    assert found("type = Bug and status = Closed", None) == [2, 13]
    assert found("type = Bug and status = Closed", "dave") == [2, 13, 20]
    assert found("assignee = currentUser()", None) == []
    assert found("assignee != currentUser()", None) == []


def test_keys_compare_within_their_project():
    """`key > TEST-24` leaves other projects alone, and so does its opposite."""
    other = Project("10001", "Other", key="OTHER")
    stranger = replace(TRACKER.issues[0], id=99_999, number=30, project=other)
    tracker = replace(TRACKER, projects=(*TRACKER.projects, other), issues=(*TRACKER.issues, stranger))
    within = Scope(tracker, PEOPLE, PEOPLE.named("admin"), NOW_MS)
    assert [issue.key for issue in search(SearchRequest("key > TEST-24"), within).issues] == ["TEST-25"]
    assert [issue.key for issue in search(SearchRequest("not key > TEST-1"), within).issues] == ["TEST-1"]
    assert search(SearchRequest("order by project, key", max_results=1), within).issues == (stranger,)


def test_hidden_issues_do_not_exist():
    """A hidden issue's key, parent or level cannot be told from one that does not exist."""
    for jql in ("key = TEST-17", "key > TEST-17", "parent = TEST-17", "level = 'Administrators only'"):
        with pytest.raises(JqlError, match="does not exist"):
            found(jql, None)


DATE = (
    "Date value 'soon' for field 'Created' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', "
    "'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
)


@pytest.mark.parametrize(
    ("jql", "messages"),
    [
        ("Foo = 1", ["Field 'Foo' does not exist or you do not have permission to view it."]),
        ("cf[10] = 1", ["Field 'cf[10]' does not exist or you do not have permission to view it."]),
        ("status = x", ["The value 'x' does not exist for the field 'status'."]),
        ("Type = 78", ["A value with ID '78' does not exist for the field 'Type'."]),
        ("assignee = nobody", ["The value 'nobody' does not exist for the field 'assignee'."]),
        ("key = TEST-99", ["An issue with key 'TEST-99' does not exist for field 'key'."]),
        ("key = nonsense", ["The issue key 'nonsense' for field 'key' is invalid."]),
        ("id = 5", ["A value with ID '5' does not exist for the field 'id'."]),
        ("votes = many", ["Value 'many' is invalid for the 'votes' field. Votes must be a positive whole number."]),
        ("votes = -1", ["Value '-1' is invalid for the 'votes' field. Votes must be a positive whole number."]),
        ("Created > soon", [DATE]),
        ("summary = x", ["The operator '=' is not supported by the 'summary' field."]),
        ("status ~ x", ["The operator '~' is not supported by the 'status' field."]),
        ("status < Open", ["The operator '<' is not supported by the 'status' field."]),
        ("votes is empty", ["The operator 'is' is not supported by the 'votes' field."]),
        ("status is empty", ["The field 'status' does not support searching for EMPTY values."]),
        ("comment is empty", ["The field 'comment' does not support searching for EMPTY values."]),
        ("key in (TEST-1, EMPTY)", ["The field 'key' does not support searching for EMPTY values."]),
        ("due > EMPTY", ["Operator '>' does not support the empty value representation 'EMPTY' for field 'due'."]),
        ("due in EMPTY", ["Operator 'in' does not support the empty value representation 'EMPTY' for field 'due'."]),
        ("due is now()", ["Operator 'is' does not support searching for non-empty values for field 'due'."]),
        ("due is not x", ["Operator 'is not' does not support searching for non-empty values for field 'due'."]),
        ("status in Open", ["Operator 'in' does not support the non-list value '\"Open\"' for field 'status'."]),
        ("id not in 5", ["Operator 'not in' does not support the non-list value '5' for field 'id'."]),
        ("due in now()", ["Operator 'in' does not support the non-list value 'now()' for field 'due'."]),
        ("status = (Open)", ["Operator '=' does not support the list value '(\"Open\")' for field 'status'."]),
        ("due = (EMPTY, now())", ["Operator '=' does not support the list value '(EMPTY, now())' for field 'due'."]),
        (
            "assignee = membersOf(x)",
            ["Operator '=' does not support the list value 'membersOf(x)' for field 'assignee'."],
        ),
        ("due = bogus()", ["Unable to find JQL function 'bogus()'."]),
        ("due = now(1)", ["Function 'now' expected '0' arguments but received '1'."]),
        ("due = startOfDay(1, 2)", ["Function 'startOfDay' expected '0' to '1' arguments but received '2'."]),
        (
            "due = startOfDay(invalid)",
            ["Duration for function 'startOfDay' should have the format (+/-)n(yMwdm), e.g -1M for 1 month earlier."],
        ),
        (
            "assignee in membersOf(x)",
            ["Function 'membersOf' can not generate a list of usernames for group 'x'; the group does not exist."],
        ),
        ("due = currentUser()", ["A date for the field 'due' provided by the function 'currentUser' is not valid."]),
        ("status = now()", ["A value provided by the function 'now' is invalid for the field 'status'."]),
        ("summary ~ ''", ["The field 'summary' does not support searching for an empty string."]),
        ("text ~ '*x'", ["The text query '*x' for field 'text' is not allowed to start with '*'."]),
        (
            "status = x or (foo = 1 and not status in (x, y, Open)) order by bar",
            [
                "The value 'x' does not exist for the field 'status'.",
                "Field 'foo' does not exist or you do not have permission to view it.",
                "The value 'y' does not exist for the field 'status'.",
                "Not able to sort using field 'bar'.",
            ],
        ),
    ],
)
def test_validation(jql, messages):
    """Everything wrong with a query is reported at once, each thing once, in Jira's words and the query's spelling."""
    with pytest.raises(JqlError) as caught:
        found(jql)
    assert caught.value.messages == messages


def test_without_validation():
    """Unvalidated, a wrong clause finds nothing either way and an unknown value is left out."""
    assert found("foo = 1", validate=False) == found("not foo = 1", validate=False) == []
    assert found("type in (Nonsense, Epic)", validate=False) == [1, 9]
    assert found("foo = 1 or type = Epic order by bar", validate=False) == [1, 9]


def test_deepest_query_runs():
    """A query nested as deep as the parser lets it is also evaluated, under NOT as well."""
    deepest = "key = TEST-1"
    for level in range(DEPTH_MAX // 2):
        deepest = f"not (key = TEST-{level % 25 + 1} {'and' if level % 2 else 'or'} {deepest})"
    where = parse(deepest).where
    assert found(deepest) == numbers(lambda issue: truth(where, issue) is True)


def test_every_alias_works():
    """Each field answers to each of its names, in any case."""
    for field in FIELDS:
        for name in field.names:
            probe = "~ xyzzy" if Operator.LIKE in field.kind.operators else "= nonsense"
            assert found(f"{name.swapcase()} {probe}", validate=False) == []
    assert {function.name for function in FUNCTIONS} == {"currentUser", "membersOf", "now", "startOfDay"}


# The oracle: three-valued logic written down a second time, without De Morgan and without the table of fields.

VALUES = {
    "key": lambda issue: [issue.number],
    "type": lambda issue: [issue.type.name],
    "status": lambda issue: [issue.status.name],
    "priority": lambda issue: [issue.priority.name] if issue.priority else [],
    "resolution": lambda issue: [issue.resolution.name] if issue.resolution else [],
    "assignee": lambda issue: [issue.assignee] if issue.assignee else [],
    "labels": lambda issue: list(issue.labels),
    "component": lambda issue: [one.name for one in issue.components],
    "votes": lambda issue: [issue.votes],
    "due": lambda issue: [issue.due.isoformat()] if issue.due else [],
    "created": lambda issue: [datetime.fromtimestamp(issue.created_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")],
}
POOLS = {
    "key": [f"TEST-{n}" for n in (1, 3, 17, 25)],
    "type": ["Bug", "Task", "Epic"],
    "status": ["Open", "Closed", "Reopened"],
    "priority": ["Highest", "High", "Medium", "Low", "Lowest"],
    "resolution": ["Fixed", "Done", "Duplicate"],
    "assignee": ["alice", "bob", "admin"],
    "labels": ["rest", "login", "absent"],
    "component": ["Login", "Cluster"],
    "votes": ["0", "3", "9"],
    "due": ["2026-02-27", "2026-03-03", "2026-03-09"],
    "created": ["2026-02-28 09:00", "2026-02-28 09:01", "2026-01-01 00:00"],
}
NEVER_EMPTY = {"key", "type", "status", "votes"}
ORDERED = {"key", "priority", "votes", "due", "created"}
RELATIONS = {
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


@st.composite
def known_clauses(draw):
    field = draw(st.sampled_from(sorted(POOLS)))
    value = st.sampled_from(POOLS[field]).map(lambda text: Value(text, number=text.isdigit()))
    if field not in NEVER_EMPTY:
        value = value | st.just(Empty())
    relations = list(RELATIONS) if field in ORDERED else []
    emptiness = [] if field in NEVER_EMPTY else [Operator.IS, Operator.IS_NOT]
    equality = [Operator.EQUALS, Operator.NOT_EQUALS, Operator.IN, Operator.NOT_IN]
    chosen = draw(st.sampled_from(equality + relations + emptiness))
    if chosen in emptiness:
        return Clause(field, chosen, Empty())
    if chosen in (Operator.IN, Operator.NOT_IN):
        return Clause(field, chosen, Many(tuple(draw(st.lists(value, min_size=1, max_size=3)))))
    return Clause(field, chosen, draw(value.filter(lambda one: chosen not in relations or one != Empty())))


def truth(where, issue):
    """True, False, or None for neither."""
    if isinstance(where, Not):
        inner = truth(where.part, issue)
        return None if inner is None else not inner
    if isinstance(where, And | Or):
        decisive = isinstance(where, Or)
        parts = [truth(part, issue) for part in where.parts]
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive
    return comparison(where, issue)


def comparison(clause, issue):
    given = VALUES[clause.field](issue)
    operands = clause.operand.operands if isinstance(clause.operand, Many) else (clause.operand,)
    wanted = [comparable(clause.field, one.text) for one in operands if one != Empty()]
    negative = clause.operator in (Operator.NOT_EQUALS, Operator.NOT_IN, Operator.IS_NOT)
    if not given:
        return (not negative) if Empty() in operands else None
    if clause.operator in RELATIONS:
        relation = RELATIONS[clause.operator]
        return any(relation(rank(clause.field, one), rank(clause.field, wanted[0])) for one in given)
    return any(one in wanted for one in given) is not negative


def comparable(field, text):
    if field == "key":
        return int(text.removeprefix("TEST-"))
    return int(text) if field == "votes" else text


def rank(field, value):
    return -POOLS["priority"].index(value) if field == "priority" else value


@settings(max_examples=300)
@given(conditions(known_clauses()))
def test_against_the_oracle(where):
    """A query finds exactly the issues for which the oracle says true."""
    jql = to_jql(Query(where))
    assert found(jql) == numbers(lambda issue: truth(where, issue) is True)


def test_the_oracle_knows_the_seed():
    """The oracle's values are the seeded ones, so that agreement means something."""
    assert PEOPLE.named("alice").user_key == "alice"
    assert max(issue.created_ms for issue in TRACKER.issues) == NOW_MS
