"""The project TEST: 25 issues, four of which not everybody sees.

Ids of statuses, priorities and types are Jira's own for a new instance. The issues' instants are counted back from
one moment, which must be the same on every node of a cluster, such as the creation time of its first user.
The rows name users as shared.accounts.SEED_USERS does; `user_keys` turns the names into user keys.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from node.issues.model import (
    Comment,
    FixVersion,
    Issue,
    IssueType,
    Named,
    Priority,
    Project,
    SecurityLevel,
    Status,
    StatusCategory,
    Tracker,
)
from shared.accounts import ADMINISTRATORS, FIRST_ID, USERS
from shared.clock import as_datetime

DAY_MS = 86_400_000

TEST = Project("10000", "Test Project", "Issues to try a login on.", key="TEST", lead="admin")

BUG = IssueType("1", "Bug", "A problem which impairs or prevents the functions of the product.")
TASK = IssueType("3", "Task", "A task that needs to be done.")
SUB_TASK = IssueType("5", "Sub-task", "The sub-task of the issue.", subtask=True)
EPIC = IssueType("10000", "Epic", "A big user story that needs to be broken down.")
STORY = IssueType("10001", "Story", "A user story.")

_TO_DO = StatusCategory("2", "To Do", key="new", color="blue-gray")
_DOING = StatusCategory("4", "In Progress", key="indeterminate", color="yellow")
_DONE = StatusCategory("3", "Done", key="done", color="green")
OPEN = Status("1", "Open", "The issue is open and ready for the assignee to start work on it.", _TO_DO)
IN_PROGRESS = Status("3", "In Progress", "This issue is being actively worked on by the assignee.", _DOING)
REOPENED = Status("4", "Reopened", "This issue was once resolved, but the resolution was incorrect.", _TO_DO)
RESOLVED = Status("5", "Resolved", "A resolution has been taken and awaits verification by the reporter.", _DONE)
CLOSED = Status("6", "Closed", "The issue is finished and the resolution is correct.", _DONE)

HIGHEST = Priority("1", "Highest", "This problem will block progress.", 5)
HIGH = Priority("2", "High", "Serious problem that could block progress.", 4)
MEDIUM = Priority("3", "Medium", "Has the potential to affect progress.", 3)
LOW = Priority("4", "Low", "Minor problem or easily worked around.", 2)
LOWEST = Priority("5", "Lowest", "Trivial problem with little or no impact on progress.", 1)

FIXED = Named("1", "Fixed", "A fix for this issue is checked into the tree and tested.")
WONT_FIX = Named("2", "Won't Fix", "The problem described is an issue which will never be fixed.")
DUPLICATE = Named("3", "Duplicate", "The problem is a duplicate of an existing issue.")
DONE = Named("10000", "Done", "Work has been completed on this issue.")

LOGIN = Named("10000", "Login", "Everything before the dashboard.")
CLUSTER = Named("10001", "Cluster", "More than one node.")
SEARCH = Named("10002", "Search")

V1 = FixVersion("10000", "1.0", "The first one.", released=True)
V2 = FixVersion("10001", "2.0")

INTERNAL = SecurityLevel("10000", "Internal", "Logged-in users only.", groups=frozenset({USERS}))
SECRET = SecurityLevel("10001", "Administrators only", groups=frozenset({ADMINISTRATORS}))


Write = Callable[..., Issue]


def seed_tracker(base_ms: int, user_keys: Mapping[str, str]) -> Tracker:
    """The tracker of a new cluster; `base_ms` is policy time at its creation, `user_keys` has every seed user."""
    project = replace(TEST, lead=user_keys[TEST.lead])
    write = partial(_issue, base_ms, user_keys, project)
    return Tracker(
        projects=(project,),
        types=(BUG, TASK, SUB_TASK, EPIC, STORY),
        statuses=(OPEN, IN_PROGRESS, REOPENED, RESOLVED, CLOSED),
        priorities=(HIGHEST, HIGH, MEDIUM, LOW, LOWEST),
        resolutions=(FIXED, WONT_FIX, DUPLICATE, DONE),
        components=(LOGIN, CLUSTER, SEARCH),
        fix_versions=(V1, V2),
        levels=(INTERNAL, SECRET),
        issues=(*_login_issues(write), *_cluster_issues(write), *_hidden_issues(write), *_loose_ends(write)),
    )


def _issue(
    base_ms: int,
    user_keys: Mapping[str, str],
    project: Project,
    number: int,
    kind: IssueType,
    status: Status,
    summary: str,
    reporter: str,
    days: tuple[int, int],
    *,
    due: int | None = None,
    assignee: str | None = None,
    comment: str | None = None,
    **details: Any,
) -> Issue:
    """An issue created and last touched that many `days` before the base, due `due` days after it."""
    created_ms, updated_ms = (base_ms - ago * DAY_MS for ago in days)
    author = user_keys[reporter]
    comments = () if comment is None else (Comment(str(FIRST_ID + number), author, comment, updated_ms),)
    return Issue(
        id=FIRST_ID + number - 1,
        number=number,
        project=project,
        type=kind,
        status=status,
        summary=summary,
        reporter=author,
        creator=author,
        assignee=None if assignee is None else user_keys[assignee],
        created_ms=created_ms,
        updated_ms=updated_ms,
        resolved_ms=updated_ms if "resolution" in details else None,
        due=None if due is None else as_datetime(base_ms).date() + timedelta(days=due),
        comments=comments,
        **details,
    )


# The rows below are a table: one issue a call, details on the lines under it.
# fmt: off


def _login_issues(write: Write) -> Iterator[Issue]:
    yield write(
        1, EPIC, IN_PROGRESS, "Logins that last", "admin", (90, 4),
        priority=HIGH, assignee="alice", labels=("login",), components=(LOGIN,), fix_versions=(V2,), votes=7,
        description="Nobody should be asked for a password without knowing why.",
    )
    yield write(
        2, BUG, CLOSED, "Login page loops behind the load balancer", "bob", (80, 41),
        priority=HIGHEST, assignee="alice", labels=("login", "sticky"), components=(LOGIN, CLUSTER),
        fix_versions=(V1,), resolution=FIXED, votes=12, comment="The route names did not agree.",
    )
    yield write(
        3, BUG, OPEN, "Session is gone after a node restart", "alice", (30, 2),
        priority=MEDIUM, assignee="bob", labels=("login", "failover"), components=(LOGIN,), due=7, votes=3,
        description="Log in, restart the node, open any page: the login form is back.",
        comment="Does it happen with remember-me ticked?",
    )
    yield write(
        4, TASK, RESOLVED, "Document the remember-me cookie", "admin", (60, 20),
        priority=LOW, assignee="carol", labels=("docs",), components=(LOGIN,), fix_versions=(V1,), resolution=DONE,
    )
    yield write(
        5, SUB_TASK, CLOSED, "Describe its lifetime", "carol", (58, 25),
        priority=LOW, assignee="carol", resolution=DONE, parent="TEST-4",
    )
    yield write(
        6, SUB_TASK, CLOSED, "Describe where the token is stored", "carol", (58, 24),
        priority=LOWEST, assignee="dave", resolution=DONE, parent="TEST-4",
    )
    yield write(
        7, STORY, OPEN, "As a user I want to see where I am logged in", "dave", (14, 14),
        priority=MEDIUM, components=(LOGIN,), fix_versions=(V2,), votes=5,
    )
    yield write(
        8, BUG, REOPENED, "CAPTCHA locks out the build server", "bob", (45, 1),
        priority=HIGH, assignee="alice", labels=("captcha", "rest"), components=(LOGIN,), due=-3, votes=4,
    )


def _cluster_issues(write: Write) -> Iterator[Issue]:
    yield write(
        9, EPIC, OPEN, "Two nodes behave like one", "admin", (88, 30),
        priority=HIGH, components=(CLUSTER,), fix_versions=(V2,), votes=9,
    )
    yield write(
        10, BUG, IN_PROGRESS, "Password change leaves sessions on other nodes alive", "carol", (21, 0),
        priority=HIGHEST, assignee="bob", labels=("invalidation",), components=(CLUSTER,), fix_versions=(V2,), due=1,
        votes=11, comment="Only on nodes before 9.11.",
    )
    yield write(
        11, TASK, OPEN, "Rehearse the rolling upgrade", "admin", (10, 6),
        priority=MEDIUM, assignee="dave", labels=("upgrade",), components=(CLUSTER,), due=21,
    )
    yield write(
        12, TASK, CLOSED, "Give every node a name", "dave", (75, 70),
        priority=LOW, assignee="dave", components=(CLUSTER,), fix_versions=(V1,), resolution=DONE,
    )
    yield write(
        13, BUG, CLOSED, "Node is declared dead while it starts", "dave", (66, 50),
        priority=MEDIUM, assignee="bob", labels=("failover",), components=(CLUSTER,), resolution=WONT_FIX,
    )
    yield write(
        14, BUG, RESOLVED, "Node is declared dead while it stops", "dave", (65, 49),
        priority=MEDIUM, assignee="bob", labels=("failover",), components=(CLUSTER,), resolution=DUPLICATE,
    )
    yield write(
        15, STORY, IN_PROGRESS, "As an administrator I want to drain a node", "admin", (33, 5),
        priority=HIGH, assignee="alice", labels=("upgrade",), components=(CLUSTER,), fix_versions=(V2,), due=14,
    )
    yield write(
        16, SUB_TASK, OPEN, "Stop sending new users to it", "alice", (32, 32),
        priority=HIGH, assignee="alice", components=(CLUSTER,), parent="TEST-15",
    )


def _hidden_issues(write: Write) -> Iterator[Issue]:
    """What a script no longer finds, without any error, once its login is gone."""
    yield write(
        17, BUG, CLOSED, "Admin password was on a sticky note", "admin", (40, 39),
        priority=HIGHEST, assignee="admin", resolution=FIXED, security=SECRET,
    )
    yield write(
        18, TASK, OPEN, "Rotate the service accounts", "admin", (12, 9),
        priority=HIGH, assignee="carol", labels=("rest",), due=3, security=SECRET,
    )
    yield write(
        19, BUG, OPEN, "Token table is readable by the reporting user", "alice", (9, 8),
        priority=HIGH, labels=("invalidation",), components=(LOGIN,), security=INTERNAL,
    )
    yield write(
        20, BUG, CLOSED, "Stack trace on the login page", "bob", (52, 44),
        priority=LOW, assignee="bob", components=(LOGIN,), fix_versions=(V1,), resolution=FIXED, security=INTERNAL,
    )


def _loose_ends(write: Write) -> Iterator[Issue]:
    yield write(
        21, BUG, OPEN, "Search finds fewer issues than yesterday", "carol", (5, 1),
        priority=MEDIUM, labels=("rest",), components=(SEARCH,), votes=2,
        description="The script got 200 and no error. It was anonymous.",
    )
    yield write(22, TASK, OPEN, "Sort the backlog", "dave", (3, 3))
    yield write(
        23, STORY, CLOSED, "As a script I want an error when my login is gone", "bob", (28, 7),
        priority=LOWEST, assignee="carol", labels=("rest",), components=(SEARCH,), resolution=WONT_FIX,
    )
    yield write(
        24, TASK, REOPENED, "Müller's umlaut survives a round trip: äöü ß 日本", "alice", (2, 1),
        priority=LOW, assignee="alice", components=(SEARCH,),
    )
    yield write(25, BUG, OPEN, "Untriaged", "dave", (0, 0), labels=("triage",))
# fmt: on
