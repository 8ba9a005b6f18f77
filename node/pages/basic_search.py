"""The navigator's basic view: a few choices, turned into JQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from node.issues.jql.words import quoted

ME = "currentUser()"
NOBODY = "EMPTY"
NEWEST_FIRST = "ORDER BY created DESC"


@dataclass(frozen=True, slots=True)
class BasicSearch:
    """Names as the choices have them; an empty one chooses nothing."""

    type: str = ""
    status: str = ""
    assignee: str = ""
    text: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "BasicSearch":
        return cls(*(query.get(name, "").strip() for name in ("type", "status", "assignee", "text")))

    @property
    def jql(self) -> str:
        named = {"type": self.type, "status": self.status}
        clauses = [f"{name} = {quoted(value)}" for name, value in named.items() if value]
        if self.assignee == NOBODY:
            clauses.append("assignee IS EMPTY")
        elif self.assignee:
            clauses.append(f"assignee = {self.assignee if self.assignee == ME else quoted(self.assignee)}")
        if self.text:
            clauses.append(f"summary ~ {quoted(self.text)}")
        return " AND ".join(clauses) + (" " if clauses else "") + NEWEST_FIRST
