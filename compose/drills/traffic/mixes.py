"""What people of each mix do, as a table of shares.

OFFICE has the proportions of Atlassian's DC App Performance Toolkit for Jira as far as our nodes have the pages: view
issue 34, search 11 (half of it in the navigator), dashboard 10, and 10 for create, edit and comment, for which sending
a file stands: a form that took somebody work. Its projects and boards are left out.
"""

from dataclasses import dataclass

from compose.drills.history.records import OpKind
from compose.drills.scenario.traffic import Mix

ISSUES = tuple(f"TEST-{number}" for number in range(1, 16))
UPLOAD = "/rest/api/2/issue/{issue}/attachments"


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request; `{issue}` in the path is drawn. WRITE requests send a small file."""

    share: int
    kind: OpKind
    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Habits:
    """What somebody does, and whether he logs in again when he is asked to. `lands_on` is what a browser asks for next
    when a login has been accepted; scripts ask for nothing. `shows_password`: with each request, as scripts with Basic
    authentication do."""

    requests: tuple[Request, ...]
    lands_on: str | None = None
    logs_in_again: bool = True
    shows_password: bool = False


def _get(share: int, path: str) -> Request:
    return Request(share, OpKind.BROWSE, "GET", path)


_CHEAP = _get(1, "/rest/api/2/serverInfo")
"""Answered from memory alone, so that it shows what a node believes when it is cut off from everything."""

HABITS = {
    Mix.OFFICE: Habits(
        (
            _get(34, "/browse/{issue}"),
            _get(6, "/rest/api/2/search?jql=project%3DTEST&maxResults=10"),
            _get(5, "/issues/?jql=project%3DTEST"),
            _get(10, "/secure/Dashboard.jspa"),
            Request(10, OpKind.WRITE, "POST", UPLOAD),
        ),
        lands_on="/secure/Dashboard.jspa",
    ),
    Mix.DASHBOARD: Habits(
        (_get(1, "/rest/dcsim/1.0/gadget/assigned"), _get(1, "/rest/dcsim/1.0/gadget/session")),
        lands_on="/secure/Dashboard.jspa",
        logs_in_again=False,
    ),
    Mix.SCRIPT: Habits(
        (_get(3, "/rest/api/2/myself"), _get(1, "/rest/api/2/search?jql=project%3DTEST&maxResults=1")),
        logs_in_again=False,
    ),
    Mix.BASIC: Habits((_get(1, "/rest/api/2/myself"),), logs_in_again=False, shows_password=True),
    Mix.READER: Habits((_CHEAP,), lands_on=_CHEAP.path),
    Mix.THIEF: Habits((_CHEAP,), lands_on=_CHEAP.path, logs_in_again=False),
}
