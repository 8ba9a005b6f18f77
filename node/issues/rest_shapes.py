"""Jira's JSON for an issue and for a page of issues, as one viewer gets it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node.issues import beans
from node.issues.attachments import Attachment
from node.issues.beans import Bean
from node.issues.field_list import selected
from node.issues.jql.scope import Scope
from node.issues.model import Issue
from node.issues.search import SearchPage
from node.issues.visibility import may_see
from shared.clock import jira_time

ISSUE_EXPAND = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"
ISSUE_IN_PAGE_EXPAND = "operations,versionedRepresentations,editmeta,changelog,renderedFields"
PAGE_EXPAND = "schema,names"

AttachmentsOf = Callable[[int], Sequence[Attachment]]
"""The attachments of an issue by its id."""


def no_attachments(_issue_id: int) -> Sequence[Attachment]:
    """For a node that keeps none."""
    return ()


@dataclass(frozen=True, slots=True)
class View:
    """What every shape needs: the data as one viewer sees it, and what links begin with (no slash at its end)."""

    scope: Scope
    base_url: str
    attachments_of: AttachmentsOf = no_attachments


def issue_bean(issue: Issue, view: View, fields: Sequence[str] = ("*all",), *, expand: str = ISSUE_EXPAND) -> Bean:
    """An issue the viewer may see, with the fields that `fields` selects (see `field_list.selected`)."""
    wanted = selected(fields)
    return {
        "expand": expand,
        "id": str(issue.id),
        "self": beans.issue_link(issue, view.base_url),
        "key": issue.key,
        "fields": {name: make(issue, view) for name, make in _FIELDS.items() if name in wanted and _has(issue, name)},
    }


def search_bean(page: SearchPage, view: View) -> Bean:
    """The answer of a search; with warnings only when the request asked not to be validated."""
    request = page.request
    bean: Bean = {
        "expand": PAGE_EXPAND,
        "startAt": request.start_at,
        "maxResults": request.max_results,
        "total": page.total,
        "issues": [issue_bean(issue, view, request.fields, expand=ISSUE_IN_PAGE_EXPAND) for issue in page.issues],
    }
    return bean | {"warningMessages": list(page.warnings)} if page.warnings else bean


def _has(issue: Issue, name: str) -> bool:
    """Only sub-tasks have a parent, and only restricted issues a security level; all else is there even if empty."""
    return {"parent": issue.parent, "security": issue.security}.get(name, "") is not None


def _user(user_key: str | None, view: View) -> Bean | None:
    return None if user_key is None else beans.user_bean(user_key, view.scope.people, view.base_url)


def _subtasks(issue: Issue, view: View) -> list[Bean]:
    """Those the viewer may see: an issue must not give away another."""
    subtasks = view.scope.tracker.subtasks(issue.key)
    return [beans.linked_issue_bean(one, view.base_url) for one in subtasks if may_see(one, view.scope.viewer)]


def _parent(issue: Issue, view: View) -> Bean | None:
    parent = view.scope.tracker.find(issue.parent or "")
    if parent is None or not may_see(parent, view.scope.viewer):
        return None
    return beans.linked_issue_bean(parent, view.base_url)


def _attachments(issue: Issue, view: View) -> list[Bean]:
    return [beans.attachment_bean(one, view.scope.people, view.base_url) for one in view.attachments_of(issue.id)]


def _votes(issue: Issue, view: View) -> Bean:
    address = f"{view.base_url}/rest/api/2/issue/{issue.key}/votes"
    return {"self": address, "votes": issue.votes, "hasVoted": False}


_FIELDS: dict[str, Callable[[Issue, View], object]] = {
    "summary": lambda issue, _: issue.summary,
    "issuetype": lambda issue, view: beans.type_bean(issue.type, view.base_url),
    "parent": _parent,
    "status": lambda issue, view: beans.status_bean(issue.status, view.base_url),
    "project": lambda issue, view: beans.project_bean(issue.project, view.base_url),
    "priority": lambda issue, view: issue.priority and beans.priority_bean(issue.priority, view.base_url),
    "resolution": lambda issue, view: issue.resolution and beans.resolution_bean(issue.resolution, view.base_url),
    "resolutiondate": lambda issue, _: None if issue.resolved_ms is None else jira_time(issue.resolved_ms),
    "assignee": lambda issue, view: _user(issue.assignee, view),
    "reporter": lambda issue, view: _user(issue.reporter, view),
    "creator": lambda issue, view: _user(issue.creator, view),
    "labels": lambda issue, _: list(issue.labels),
    "components": lambda issue, view: [beans.component_bean(one, view.base_url) for one in issue.components],
    "fixVersions": lambda issue, view: [beans.version_bean(one, view.base_url) for one in issue.fix_versions],
    "created": lambda issue, _: jira_time(issue.created_ms),
    "updated": lambda issue, _: jira_time(issue.updated_ms),
    "duedate": lambda issue, _: None if issue.due is None else issue.due.isoformat(),
    "description": lambda issue, _: issue.description,
    "security": lambda issue, view: issue.security and beans.security_bean(issue.security, view.base_url),
    "votes": _votes,
    "subtasks": _subtasks,
    "comment": lambda issue, view: beans.comment_page(issue, view.scope.people, view.base_url),
    "attachment": _attachments,
}
