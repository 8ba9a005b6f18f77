"""One error tree, its children named after who has to act.

    DcsimError
    ├── OperatorError      the person at the terminal: a flag, a file, a setting, a port      exit 2
    ├── DependencyError    Postgres or Redis does not answer                                  exit 4, or HTTP 503
    ├── CallerError        an HTTP caller sent something we must refuse                       its own status
    └── HarnessError       our own machinery broke: a child died before it was ready          exit 4

Foreign exceptions are translated at the edge that met them, with `raise ... from`. A message says what was tried and
what to do about it; it is shown to people as it is, without a stack trace.
"""

from collections.abc import Iterable

EXIT_PASS = 0
EXIT_FAIL = 1
EXIT_USAGE = 2
EXIT_UNKNOWN = 3
EXIT_BROKEN = 4
EXIT_INTERRUPTED = 130


class DcsimError(Exception):
    """Root of everything dcsim raises on purpose."""

    exit_code = EXIT_BROKEN


class OperatorError(DcsimError):
    """Something the operator gave us cannot be used: a flag, a file, a setting or a port."""

    exit_code = EXIT_USAGE


class DependencyError(DcsimError):
    """Postgres or Redis does not answer, or answers with something that is no answer."""


class HarnessError(DcsimError):
    """A process that dcsim started did not do what it is there for."""


class CallerError(DcsimError):
    """An HTTP request that a documented status answers.

    `messages` become `errorMessages` and `fields` become `errors` of Jira's error body (reference: jira.md 4).
    """

    def __init__(
        self,
        status: int,
        *messages: str,
        fields: dict[str, str] | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(messages[0] if messages else next(iter((fields or {"": "refused"}).values())))
        self.status = status
        self.messages = list(messages)
        self.fields = fields or {}
        self.headers = list(headers)
