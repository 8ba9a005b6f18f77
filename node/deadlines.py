"""What will end next on this node by the mere passing of policy time: the moments a rehearsal wants to jump to."""

from dataclasses import dataclass
from enum import StrEnum

from node.caches import Caches


class DeadlineKind(StrEnum):
    """What ends."""

    WEB_SESSION = "web-session"
    CROWD = "crowd"
    REMEMBER_ME = "remember-me"


@dataclass(frozen=True, slots=True)
class Deadline:
    """At `at_ms` (policy) the thing is no longer good; `who` is a user name, None for an anonymous session."""

    kind: DeadlineKind
    who: str | None
    at_ms: int


def next_of_each(caches: Caches, *, now_ms: int) -> list[Deadline]:
    """The earliest deadline after now of web sessions and of Crowd entries. Looks at every entry: an operator's
    question, not a request's."""
    sessions = (
        Deadline(DeadlineKind.WEB_SESSION, session.account.username if session.account else None, at_ms)
        for session in caches.web_sessions.all()
        if (at_ms := caches.web_sessions.deadline_ms(session)) is not None and at_ms > now_ms
    )
    entries = (
        Deadline(DeadlineKind.CROWD, entry.account.username, at_ms)
        for entry in caches.crowd.all()
        if (at_ms := caches.crowd.deadline_ms(entry)) > now_ms
    )
    earliest = (min(kind, key=lambda deadline: deadline.at_ms, default=None) for kind in (sessions, entries))
    return [deadline for deadline in earliest if deadline is not None]
