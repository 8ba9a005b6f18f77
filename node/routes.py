"""A route as data: method, path below the context path, handler, who may call it, and how other sites are kept off."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

from node.filters import Handler

REST_2 = ("/rest/api/2", "/rest/api/latest")
REST_AUTH = ("/rest/auth/1", "/rest/auth/latest")


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
    """`prefixes` are the spellings under which the same resource answers."""

    method: str
    path: str
    handler: Handler
    needs: Needs = Needs.USER
    prefixes: tuple[str, ...] = ("",)
    xsrf: Xsrf = Xsrf.NONE

    @property
    def paths(self) -> list[str]:
        return [prefix + self.path for prefix in self.prefixes]


def rest(method: str, path: str, handler: Handler, needs: Needs = Needs.USER, xsrf: Xsrf = Xsrf.NONE) -> Route:
    """A resource of `/rest/api/2`, with and without a slash at its end (a client library puts one there)."""
    return Route(method, path, handler, needs, tuple(REST_2), xsrf)


class RouteTable:
    """Which route a request was matched to. Filters ask it what the route declares."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = {(route.method, route.handler): route for route in routes}
        self._known: dict[web.AbstractRoute, Route] = {}

    def find(self, request: web.Request) -> Route | None:
        """None for a path nobody has; the router answers it."""
        matched = request.match_info.route
        known = self._known.get(matched)
        if known is None:
            known = self._routes.get((matched.method, matched.handler))
            if known is not None:  # what nobody has is matched to a new object each time
                self._known[matched] = known
        return known

    def needs_of(self, request: web.Request) -> Needs:
        route = self.find(request)
        return Needs.ANYONE if route is None else route.needs

    def xsrf_of(self, request: web.Request) -> Xsrf:
        route = self.find(request)
        return Xsrf.NONE if route is None else route.xsrf
