"""The URL of Postgres as settings have it: those of a node, and those of a balancer that looks there for nodes."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.errors import OperatorError


def asyncpg_url(url: str) -> URL:
    """For an engine on asyncpg, whatever driver it names. Raises OperatorError, which does not repeat a password."""
    try:
        return make_url(url).set(drivername="postgresql+asyncpg")
    except (ArgumentError, ValueError) as error:  # the latter for a port that is no number
        raise OperatorError(
            "the Postgres URL cannot be read; expected postgresql://user:password@host:port/database"
        ) from error
