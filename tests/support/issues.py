"""The seeded tracker and its people, as tests of issues and JQL use them."""

from node.issues.jql.scope import Scope
from node.issues.model import People, Person
from node.issues.search import SearchRequest, search
from node.issues.seed import seed_tracker
from node.issues.visibility import viewer_with_key
from shared.accounts import SEED_USERS

NOW_MS = 1_772_442_000_000  # Monday 2026-03-02 09:00 UTC
USER_KEYS = {user.username: user.username for user in SEED_USERS}
"""As in a Jira older than user keys, so that tests can say `alice`."""
TRACKER = seed_tracker(NOW_MS, USER_KEYS)
PEOPLE = People(
    (
        Person(user.username, user.username, user.display_name, user.email, groups=frozenset(user.groups))
        for user in SEED_USERS
    ),
    groups=["empty-group"],
)


def scope(viewer: str | None = "admin") -> Scope:
    return Scope(TRACKER, PEOPLE, viewer_with_key(PEOPLE, viewer), NOW_MS)


def found(jql: str, viewer: str | None = "admin", **options) -> list[int]:
    """The numbers of the issues found, in ascending order."""
    return sorted(
        issue.number for issue in search(SearchRequest(jql, max_results=1000, **options), scope(viewer)).issues
    )


def in_order(jql: str, viewer: str | None = "admin") -> list[int]:
    """The numbers of the issues found, in the order found."""
    return [issue.number for issue in search(SearchRequest(jql, max_results=1000), scope(viewer)).issues]
