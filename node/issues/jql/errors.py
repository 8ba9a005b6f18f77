"""Why a query cannot be run, in Jira's words."""

from shared.errors import CallerError


class JqlError(CallerError):
    """The query is not JQL, or names something there is not. HTTP 400 with every message in `messages`."""

    def __init__(self, *messages: str) -> None:
        super().__init__(400, *messages)


def syntax_error(problem: str, line: int | None = None, column: int | None = None) -> JqlError:
    """A query that does not parse; `line` and `column` count from 1, and are left out at the end of the query."""
    where = "" if line is None else f" (line {line}, character {column})"
    return JqlError(f"Error in the JQL Query: {problem}{where}")


class Unusable(Exception):
    """One clause or operand that cannot be used; the evaluator collects these. The text is Jira's message."""
