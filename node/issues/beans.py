"""The small JSON objects inside an issue. Each is Jira's shape for one thing; `base_url` begins every link."""

import zlib
from urllib.parse import quote

from node.issues.attachments import Attachment
from node.issues.model import Comment, FixVersion, Issue, IssueType, Named, People, Priority, Project, Status
from shared.clock import jira_time

Bean = dict[str, object]
_AVATAR_SIZES = {"48x48": "", "24x24": "size=small&", "16x16": "size=xsmall&", "32x32": "size=medium&"}


def user_bean(user_key: str, people: People, base_url: str) -> Bean:
    """A user; somebody whose account is gone appears under the key, inactive."""
    person = people.by_key(user_key)
    name = person.username if person else user_key
    bean: Bean = {
        "self": f"{base_url}/rest/api/2/user?username={quote(name, safe='')}",
        "name": name,
        "key": user_key,
        "avatarUrls": _avatars(
            f"{base_url}/secure/useravatar", f"avatarId={10_334 + zlib.crc32(user_key.encode()) % 18}"
        ),
        "displayName": person.display_name if person else user_key,
        "active": person.active if person else False,
        "timeZone": "GMT",
    }
    return bean | {"emailAddress": person.email} if person else bean


def type_bean(kind: IssueType, base_url: str) -> Bean:
    """An issue type."""
    return _defined(kind, "issuetype", base_url) | {
        "iconUrl": f"{base_url}/images/icons/issuetypes/{_file(kind)}.svg",
        "subtask": kind.subtask,
    }


def status_bean(status: Status, base_url: str) -> Bean:
    """A status with its category."""
    category = status.category
    return _defined(status, "status", base_url) | {
        "iconUrl": f"{base_url}/images/icons/statuses/{_file(status)}.png",
        "statusCategory": {
            "self": f"{base_url}/rest/api/2/statuscategory/{category.id}",
            "id": int(category.id),
            "key": category.key,
            "colorName": category.color,
            "name": category.name,
        },
    }


def priority_bean(priority: Priority, base_url: str) -> Bean:
    """A priority."""
    return _link(priority, "priority", base_url) | {
        "iconUrl": f"{base_url}/images/icons/priorities/{_file(priority)}.svg"
    }


def resolution_bean(resolution: Named, base_url: str) -> Bean:
    """A resolution."""
    return _defined(resolution, "resolution", base_url)


def component_bean(component: Named, base_url: str) -> Bean:
    """A component; one without a description has no such member."""
    bean = _link(component, "component", base_url)
    return bean | {"description": component.description} if component.description else bean


def version_bean(version: FixVersion, base_url: str) -> Bean:
    """A version."""
    return _defined(version, "version", base_url) | {"archived": False, "released": version.released}


def security_bean(level: Named, base_url: str) -> Bean:
    """A security level."""
    return _defined(level, "securitylevel", base_url)


def project_bean(project: Project, base_url: str) -> Bean:
    """A project as an issue names it."""
    return {
        "self": f"{base_url}/rest/api/2/project/{project.id}",
        "id": project.id,
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "avatarUrls": _avatars(f"{base_url}/secure/projectavatar", "avatarId=10324"),
    }


def linked_issue_bean(issue: Issue, base_url: str) -> Bean:
    """An issue inside another: a parent or a sub-task."""
    fields: Bean = {"summary": issue.summary, "status": status_bean(issue.status, base_url)}
    if issue.priority is not None:
        fields["priority"] = priority_bean(issue.priority, base_url)
    fields["issuetype"] = type_bean(issue.type, base_url)
    return {"id": str(issue.id), "key": issue.key, "self": issue_link(issue, base_url), "fields": fields}


def comment_page(issue: Issue, people: People, base_url: str) -> Bean:
    """All comments of an issue."""
    comments = [_comment_bean(comment, issue, people, base_url) for comment in issue.comments]
    return {"comments": comments, "maxResults": len(comments), "total": len(comments), "startAt": 0}


def attachment_bean(attachment: Attachment, people: People, base_url: str) -> Bean:
    """What an issue shows of an attachment, and where its content is."""
    return {
        "self": f"{base_url}/rest/api/2/attachment/{attachment.id}",
        "id": str(attachment.id),
        "filename": attachment.filename,
        "author": user_bean(attachment.author, people, base_url),
        "created": jira_time(attachment.created_ms),
        "size": attachment.size,
        "mimeType": attachment.mime_type,
        "content": f"{base_url}/secure/attachment/{attachment.id}/{quote(attachment.filename, safe='')}",
    }


def issue_link(issue: Issue, base_url: str) -> str:
    """The issue's own address."""
    return f"{base_url}/rest/api/2/issue/{issue.id}"


def _comment_bean(comment: Comment, issue: Issue, people: People, base_url: str) -> Bean:
    author = user_bean(comment.author, people, base_url)
    return {
        "self": f"{issue_link(issue, base_url)}/comment/{comment.id}",
        "id": comment.id,
        "author": author,
        "body": comment.body,
        "updateAuthor": author,
        "created": jira_time(comment.created_ms),
        "updated": jira_time(comment.created_ms),
    }


def _link(named: Named, resource: str, base_url: str) -> Bean:
    return {"self": f"{base_url}/rest/api/2/{resource}/{named.id}", "id": named.id, "name": named.name}


def _defined(named: Named, resource: str, base_url: str) -> Bean:
    return _link(named, resource, base_url) | {"description": named.description}


def _file(named: Named) -> str:
    return named.name.lower().replace(" ", "").replace("-", "")


def _avatars(address: str, query: str) -> Bean:
    return {size: f"{address}?{part}{query}" for size, part in _AVATAR_SIZES.items()}
