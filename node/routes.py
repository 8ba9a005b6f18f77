"""A route as data: method, path below the context path, handler, and who may call it."""

from dataclasses import dataclass
from enum import Enum, auto

from node.filters import Handler

REST_2 = ("/rest/api/2", "/rest/api/latest")
REST_AUTH = ("/rest/auth/1", "/rest/auth/latest")


class Needs(Enum):
    """Who may call. Refusals: 401 for nobody, 403 for somebody without the right; the cluster resources say 401 to
    non-administrators too (reference: jira.md 4.4). Pages send people to the login page instead."""

    ANYONE = auto()
    USER = auto()
    ADMIN = auto()
    ADMIN_ELSE_401 = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """`prefixes` are the spellings under which the same resource answers."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.USER
    prefixes: tuple[str, ...] = ("",)

    @property
    def paths(self) -> list[str]:
        return [prefix + self.path for prefix in self.prefixes]


def rest(method: str, path: str, handler: Handler, needs: Needs = Needs.USER) -> Route:
    """A resource of `/rest/api/2`, with and without a slash at its end (a client library puts one there)."""
    return Route(method, path, handler, needs, tuple(REST_2))
