"""Joins the issues to the store: who asks, which people and files there are, and the time.

The issues themselves are the same on every node, because all count back from the same instant. The directory is read
for every request: it is small, and a renamed or deleted user shows at once.
"""

from collections.abc import Iterable, Sequence

from node.identity import Account
from node.issues.attachments import Attachment, NewFile
from node.issues.jql.scope import Scope
from node.issues.model import Issue, People, Person, Tracker
from node.issues.rest_shapes import View
from node.issues.seed import seed_tracker
from node.issues.visibility import find_issue, viewer_with_key
from node.paths import Paths
from node.store import attachments, directory
from node.store.engine import Database
from shared.accounts import SEED_KEYS
from shared.clock import PolicyClock

PEOPLE_MAX = 1_000
"""Users that issues and queries can name; the oldest come first, and whoever asks is always among them."""


class IssueDesk:
    """What a node's pages and resources ask about issues. Raises DependencyError when Postgres does not answer."""

    def __init__(self, database: Database, clock: PolicyClock, *, paths: Paths) -> None:
        self._database = database
        self._clock = clock
        self._base_url = paths.absolute("")
        self._tracker: Tracker | None = None

    async def scope(self, account: Account | None) -> Scope:
        """What that user sees now; None is anonymous."""
        user_key = None if account is None else account.user_key
        async with self._database.transaction() as connection:
            if self._tracker is None:
                self._tracker = seed_tracker(await directory.oldest_ms(connection), SEED_KEYS)
            accounts = await directory.first_accounts(connection, limit=PEOPLE_MAX, besides=user_key)
            groups = await directory.group_names(connection)
        people = People(map(_person, accounts), groups=groups)
        return Scope(self._tracker, people, viewer_with_key(people, user_key), self._clock.now_ms())

    async def view(self, scope: Scope, issues: Iterable[Issue]) -> View:
        """What the JSON of those issues is made from, their attachments read already."""
        async with self._database.transaction() as connection:
            files = await attachments.of_issues(connection, (issue.id for issue in issues))
        return View(scope, self._base_url, lambda issue_id: files.get(issue_id, ()))

    async def attach(self, issue: Issue, files: Sequence[NewFile], author: Account) -> list[Attachment]:
        """Stores all of the files or, when one does not fit, none. Raises CallerError 507 then."""
        now_ms = self._clock.now_ms()
        async with self._database.transaction() as connection:
            return [
                await attachments.add(connection, issue.id, file, author=author.user_key, now_ms=now_ms)
                for file in files
            ]

    async def attachment(self, attachment_id: int, scope: Scope) -> Attachment | None:
        """What is told about a file, or None. Raises CallerError 401 or 403 when its issue is not for this viewer."""
        async with self._database.transaction() as connection:
            found = await attachments.find(connection, attachment_id)
        if found is not None:
            find_issue(scope.tracker, str(found.issue_id), scope.viewer)
        return found

    async def content(self, attachment: Attachment) -> bytes:
        async with self._database.transaction() as connection:
            return await attachments.content_of(connection, attachment.id)


def _person(account: Account) -> Person:
    return Person(
        user_key=account.user_key,
        username=account.username,
        display_name=account.display_name,
        email=account.email,
        active=account.active,
        groups=frozenset(account.groups),
    )
