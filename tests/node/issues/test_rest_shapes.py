"""Jira's JSON for issues and pages."""

import json
from dataclasses import replace

import pytest
from jira.resources import Issue as ClientIssue

from node.issues.attachments import Attachment
from node.issues.field_list import FIELDS
from node.issues.jql.scope import Scope
from node.issues.model import People
from node.issues.rest_shapes import View, issue_bean, search_bean
from node.issues.search import SearchRequest, search
from tests.support.issues import NOW_MS, PEOPLE, TRACKER, scope

BASE = "http://localhost:8080/jira"


def view(viewer="admin", **options):
    return View(scope(viewer), BASE, **options)


def fields(key, *names, viewer="admin", **options):
    bean = issue_bean(TRACKER.find(key), view(viewer, **options), names or ("*all",))
    return json.loads(json.dumps(bean))["fields"]


def test_envelope():
    """An issue has its id as a string, its key, its address and its fields."""
    bean = issue_bean(TRACKER.find("TEST-3"), view(), ["summary"])
    assert {name: bean[name] for name in ("id", "key", "self", "fields")} == {
        "id": "10002",
        "key": "TEST-3",
        "self": f"{BASE}/rest/api/2/issue/10002",
        "fields": {"summary": "Session is gone after a node restart"},
    }
    assert "renderedFields" in bean["expand"]


def test_plain_fields():
    """Times are Jira's, days are ISO, an empty field is null or an empty list."""
    full = fields("TEST-3")
    assert full["updated"] == "2026-02-28T09:00:00.000+0000"
    assert full["duedate"] == "2026-03-09"
    assert full["labels"] == ["login", "failover"]
    assert (full["resolution"], full["resolutiondate"], full["fixVersions"]) == (None, None, [])
    assert fields("TEST-25", "priority", "assignee") == {"priority": None, "assignee": None}
    assert fields("TEST-4", "resolutiondate")["resolutiondate"] == "2026-02-10T09:00:00.000+0000"


def test_status():
    """A status carries its category, whose id is a number."""
    assert fields("TEST-3", "status")["status"] == {
        "self": f"{BASE}/rest/api/2/status/1",
        "id": "1",
        "name": "Open",
        "description": "The issue is open and ready for the assignee to start work on it.",
        "iconUrl": f"{BASE}/images/icons/statuses/open.png",
        "statusCategory": {
            "self": f"{BASE}/rest/api/2/statuscategory/2",
            "id": 2,
            "key": "new",
            "colorName": "blue-gray",
            "name": "To Do",
        },
    }


def test_user():
    """A user has the members clients read; one whose account is gone shows the key and is inactive."""
    user = fields("TEST-3", "assignee")["assignee"]
    assert user["self"] == f"{BASE}/rest/api/2/user?username=bob"
    assert (user["name"], user["key"], user["displayName"], user["active"]) == ("bob", "bob", "Bob Baker", True)
    assert set(user["avatarUrls"]) == {"48x48", "24x24", "16x16", "32x32"}
    gone = View(Scope(TRACKER, People([]), None, NOW_MS), BASE)
    bean = issue_bean(TRACKER.find("TEST-3"), gone, ["assignee"])["fields"]["assignee"]
    assert (bean["displayName"], bean["active"], "emailAddress" in bean) == ("bob", False, False)


def test_comments_and_attachments():
    """Comments are a page, attachments a list with the address of the content."""
    file = Attachment(10_000, 10_002, "a b.txt", 2, "text/plain", "carol", NOW_MS)
    full = fields("TEST-3", "comment", "attachment", attachments_of={10_002: [file]}.get)
    assert (full["comment"]["total"], full["comment"]["comments"][0]["author"]["name"]) == (1, "alice")
    (attachment,) = full["attachment"]
    assert attachment["content"] == f"{BASE}/secure/attachment/10000/a%20b.txt"
    assert (attachment["size"], attachment["created"]) == (2, "2026-03-02T09:00:00.000+0000")
    assert fields("TEST-3", "attachment") == {"attachment": []}


def test_parent_and_subtasks():
    """Only sub-tasks have a parent; a parent lists its sub-tasks."""
    assert "parent" not in fields("TEST-4")
    assert fields("TEST-5", "parent")["parent"]["key"] == "TEST-4"
    assert [one["key"] for one in fields("TEST-4", "subtasks")["subtasks"]] == ["TEST-5", "TEST-6"]


def test_hidden_relatives():
    """Neither a parent nor a sub-task that the viewer may not see is given away."""
    hidden = replace(TRACKER.find("TEST-5"), security=TRACKER.levels[1])
    tracker = replace(TRACKER, issues=tuple(hidden if one.number == 5 else one for one in TRACKER.issues))
    nobody = View(Scope(tracker, PEOPLE, None, NOW_MS), BASE)
    assert [one["key"] for one in issue_bean(tracker.find("TEST-4"), nobody)["fields"]["subtasks"]] == ["TEST-6"]
    closed = replace(TRACKER.find("TEST-4"), security=TRACKER.levels[1])
    tracker = replace(TRACKER, issues=tuple(closed if one.number == 4 else one for one in TRACKER.issues))
    assert (
        issue_bean(tracker.find("TEST-5"), View(Scope(tracker, PEOPLE, None, NOW_MS), BASE))["fields"]["parent"] is None
    )


def test_security_level():
    """Only a restricted issue has a level."""
    assert "security" not in fields("TEST-3")
    assert fields("TEST-19", "security")["security"]["name"] == "Internal"


@pytest.mark.parametrize("number", range(1, 26))
def test_every_issue_has_every_field(number):
    """Each listed field but the key is there for each issue, the optional two aside, and all is JSON."""
    names = {field.id for field in FIELDS} - {"issuekey"}
    assert names - set(fields(f"TEST-{number}")) <= {"parent", "security"}


def test_search_page():
    """A page echoes its bounds and carries the selected fields of each issue."""
    request = SearchRequest("type = Epic order by key", 1, 10, ("summary",))
    bean = json.loads(json.dumps(search_bean(search(request, scope()), view())))
    (issue,) = bean.pop("issues")
    assert bean == {"expand": "schema,names", "startAt": 1, "maxResults": 10, "total": 2}
    assert (issue["key"], issue["fields"]) == ("TEST-9", {"summary": "Two nodes behave like one"})


def test_search_page_with_warnings():
    """Warnings appear only when there are some."""
    page = search(SearchRequest("foo = 1", validate=False), scope())
    assert search_bean(page, view())["warningMessages"] == list(page.warnings)


def test_a_client_library_reads_it():
    """pycontribs/jira turns the answer into its own objects, nested ones included."""
    bean = json.loads(json.dumps(issue_bean(TRACKER.find("TEST-10"), view())))
    issue = ClientIssue({}, None, raw=bean)
    assert (issue.key, issue.fields.status.statusCategory.key) == ("TEST-10", "indeterminate")
    assert issue.fields.assignee.displayName == "Bob Baker"
    assert [version.name for version in issue.fields.fixVersions] == ["2.0"]
    assert issue.fields.comment.comments[0].body == "Only on nodes before 9.11."
