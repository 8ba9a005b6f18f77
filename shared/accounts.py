"""Who lives in a new cluster, and the groups there are. The command line shows them, so this imports no SQLAlchemy."""

from dataclasses import dataclass

ADMINISTRATORS = "jira-administrators"
USERS = "jira-software-users"
FIRST_ID = 10_000
"""Jira counts from here in every table."""


@dataclass(frozen=True, slots=True)
class SeedUser:
    """An account every new cluster has. The password is the user name."""

    username: str
    display_name: str
    admin: bool = False

    @property
    def password(self) -> str:
        return self.username

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"

    @property
    def groups(self) -> tuple[str, ...]:
        return (ADMINISTRATORS, USERS) if self.admin else (USERS,)


SEED_USERS = (
    SeedUser("admin", "Ada Admin", admin=True),
    SeedUser("alice", "Alice Archer"),
    SeedUser("bob", "Bob Baker"),
    SeedUser("carol", "Carol Cook"),
    SeedUser("dave", "Dave Diver"),
)

SEED_KEYS = {user.username: f"JIRAUSER{FIRST_ID + place}" for place, user in enumerate(SEED_USERS)}
"""The user keys of the seed users by the name they start with; a key outlives renaming and deleting."""
