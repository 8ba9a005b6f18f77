"""Who may see which issue. Two answers to "may not": an error for one issue, silence in a search.

The silence is Jira's: a search by somebody whose login is gone answers 200 with fewer issues (reference: jira.md 4.4).
"""

from node.issues.model import Issue, People, Person, Tracker
from shared.errors import CallerError

NO_SUCH_ISSUE = "Issue Does Not Exist"
NOT_ALLOWED = "You do not have the permission to see the specified issue."
LOGIN_HINT = "Login Required"


def viewer_with_key(people: People, user_key: str | None) -> Person | None:
    """The viewer behind a logged-in user's key; None is anonymous.

    A key the directory no longer knows is a person without any group: the session may outlive the account.
    """
    if user_key is None:
        return None
    return people.by_key(user_key) or Person(user_key, user_key, user_key, "", active=False)


def may_see(issue: Issue, viewer: Person | None) -> bool:
    """Does the issue's security level let this viewer see it?"""
    if issue.security is None:
        return True
    if viewer is None:
        return False
    return viewer.user_key in (issue.reporter, issue.assignee) or not viewer.groups.isdisjoint(issue.security.groups)


def visible_issues(tracker: Tracker, viewer: Person | None) -> tuple[Issue, ...]:
    """All issues the viewer may see."""
    return tuple(issue for issue in tracker.issues if may_see(issue, viewer))


def find_issue(tracker: Tracker, id_or_key: str, viewer: Person | None) -> Issue:
    """The issue. Raises CallerError 404 when there is none, 401 when anonymous and 403 when a user may not see it."""
    issue = tracker.find(id_or_key)
    if issue is None:
        raise CallerError(404, NO_SUCH_ISSUE)
    if may_see(issue, viewer):
        return issue
    if viewer is None:
        raise CallerError(401, NOT_ALLOWED, LOGIN_HINT)
    raise CallerError(403, NOT_ALLOWED)
