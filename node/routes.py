"""A route as data: method, path below the context path, handler, who may call it, and how other sites are kept off."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

from node.request import Request

Handler = Callable[[Request], Awaitable[web.StreamResponse]]

REST_2 = ("/rest/api/2", "/rest/api/latest")
REST_AUTH = ("/rest/auth/1", "/rest/auth/latest")
STATUS = "/status"


class Needs(Enum):
    """Who may call. Refusals: 401 for nobody, 403 for somebody without the right; the cluster resources say 401 to
    non-administrators too (reference: jira.md 4.4). Pages send people to the login page instead. WEBSUDO is an
    administrator who has confirmed his password lately; it is for pages only."""

    ANYONE = auto()
    USER = auto()
    ADMIN = auto()
    ADMIN_ELSE_401 = auto()
    WEBSUDO = auto()


class Xsrf(Enum):
    """What a route asks for as a proof that no other site sent the request. TOKEN: a page's form or link carries
    `atl_token`. HEADER: a REST resource that takes forms wants `X-Atlassian-Token` (reference: jira.md 6)."""

    NONE = auto()
    TOKEN = auto()
    HEADER = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """`prefixes` are the spellings under which the same resource answers. `exists` is false for the routes that take
    what nobody has (`node.unknown_paths`)."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.USER
    prefixes: tuple[str, ...] = ("",)
    xsrf: Xsrf = Xsrf.NONE
    exists: bool = True

    @property
    def paths(self) -> list[str]:
        return [prefix + self.path for prefix in self.prefixes]

    @property
    def methods(self) -> tuple[str, ...]:
        """What it answers: HEAD like GET, as servlets and REST resources do; aiohttp leaves out the body. Only
        `/status`, which is ours, knows GET alone."""
        return ("GET", "HEAD") if self.method == "GET" and not self.is_status else (self.method,)

    @property
    def is_rest(self) -> bool:
        return self.paths[0].startswith("/rest/")

    @property
    def is_rest_auth(self) -> bool:
        """`/rest/auth/**`, where one must be able to log in with a dead cookie."""
        return self.paths[0].startswith("/rest/auth/")

    @property
    def is_status(self) -> bool:
        return self.path == STATUS

    @property
    def is_page(self) -> bool:
        """Something a person looks at, and that is there."""
        return self.exists and not self.is_rest and not self.is_status


def rest(method: str, path: str, handler: Handler, needs: Needs = Needs.USER, xsrf: Xsrf = Xsrf.NONE) -> Route:
    """A resource of `/rest/api/2`, with and without a slash at its end (a client library puts one there)."""
    return Route(method, path, handler, needs, tuple(REST_2), xsrf)
