"""Secure administrator sessions: somebody who is logged in proves it again, and that holds for ten minutes at a time.

Each use starts the ten minutes anew. The proof is an attribute of the web session, so another node does not have it
(reference: jira.md 4.2). Durations are policy ms. No I/O.
"""

from node.web_sessions import WebSession

ATTRIBUTE = "jira.websudo.timestamp"
HEADER = ("X-Atlassian-WebSudo", "Has-Authentication")


class WebSudo:
    """The rules, with the limit in force."""

    def __init__(self, *, timeout_ms: int, is_disabled: bool) -> None:
        self._timeout_ms = timeout_ms
        self.is_disabled = is_disabled

    def start(self, session: WebSession, *, now_ms: int) -> None:
        session.put(ATTRIBUTE, now_ms)

    def use(self, session: WebSession, *, now_ms: int) -> bool:
        """Does the proof still hold? Then this use makes it hold longer."""
        if self.is_disabled:
            return True
        proved_ms: int | None = session.get(ATTRIBUTE)
        if proved_ms is None or now_ms - proved_ms >= self._timeout_ms:
            return False
        self.start(session, now_ms=now_ms)
        return True

    def end(self, session: WebSession) -> None:
        """Ending what is not there does nothing."""
        session.take(ATTRIBUTE)
