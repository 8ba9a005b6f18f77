"""Jira versions, and what a version brings to sessions. The version belongs to the node, not to the cluster."""

import re
from dataclasses import dataclass
from functools import total_ordering

from shared.errors import OperatorError

_PATTERN = re.compile(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{1,3}))?")
OLDEST = (8, 0, 0)
NEWEST_MAJOR = 11


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A Jira version such as 9.11 or 10.3.19."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> "Version":
        """Raises OperatorError for anything but a version between 8.0 and 11.x."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise OperatorError(f"{text!r} is not a Jira version; give major.minor or major.minor.patch, such as 9.11")
        version = cls(*(int(part or 0) for part in match.groups()))
        if version.parts < OLDEST or version.major > NEWEST_MAJOR:
            raise OperatorError(
                f"Jira {text} is not modelled; give a version from 8.0 to {NEWEST_MAJOR}.x, such as 9.11"
            )
        return version

    @property
    def parts(self) -> tuple[int, int, int]:
        return self.major, self.minor, self.patch

    def __lt__(self, other: "Version") -> bool:
        return self.parts < other.parts

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}" + (f".{self.patch}" if self.patch else "")

    @property
    def full(self) -> str:
        """Three parts, as `serverInfo` prints it."""
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def build_number(self) -> int:
        """8.5.3 is 805003 and 10.3.19 is 10030019 (public traces). Where the longer form began is inferred:
        from 9.10 on, since the shorter form would put 9.10 below 9.4's known successors."""
        if self.parts < (9, 10, 0):
            return self.major * 100_000 + self.minor * 1_000 + self.patch
        return self.major * 1_000_000 + self.minor * 10_000 + self.patch

    @property
    def invalidates_cluster_wide(self) -> bool:
        """Since 9.11 an invalidating action reaches every node; an older node neither sends nor understands it
        (source: "Invalidating user sessions in Jira Data Center")."""
        return self.parts >= (9, 11, 0)

    @property
    def removes_lost_nodes(self) -> bool:
        """Since 8.10 a node that was OFFLINE for two days is removed from the cluster (reference: jira.md 8.1)."""
        return self.parts >= (8, 10, 0)

    @property
    def has_rest_end_session(self) -> bool:
        """`DELETE /rest/api/2/user/session/{username}` came with 9.11 (same source: N/A before)."""
        return self.parts >= (9, 11, 0)


JIRA_9_10 = Version(9, 10)
JIRA_9_11 = Version(9, 11)
