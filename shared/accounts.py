"""Who lives in a new cluster, and the groups there are. The command line shows them, so this imports no SQLAlchemy."""

from dataclasses import dataclass

ADMINISTRATORS = "jira-administrators"
USERS = "jira-software-users"


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
