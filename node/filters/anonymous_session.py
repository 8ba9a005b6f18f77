"""A page opens a session for a visitor who has none, as Tomcat does for whatever touches the session.

REST does not: its resources never ask for one, and a script that gets 401 is not given a cookie that it would then have
to bring back. Neither is documented; pages are read in source (saving the original URL, the XSRF page), REST is
inferred.
"""

from aiohttp import web

from node.cookies import CookieJarRules
from node.filters import Filter, Handler
from node.paths import Paths
from node.request_context import context_of
from node.routes import RouteTable
from node.web_sessions import WebSessions
from shared.clock import PolicyClock


def anonymous_session_filter(
    web_sessions: WebSessions, clock: PolicyClock, table: RouteTable, *, jar: CookieJarRules, paths: Paths
) -> Filter:
    """Comes after `os_auth_type`, which must see that a cookie named no session."""

    def is_page(request: web.Request) -> bool:
        return table.find(request) is not None and not paths.is_rest(request) and not paths.is_status(request)

    @web.middleware
    async def anonymous_session(request: web.Request, handler: Handler) -> web.StreamResponse:
        context = context_of(request)
        if context.session is None and is_page(request):
            context.session = web_sessions.open(None, now_ms=clock.now_ms())
            context.set_cookies[jar.session_name] = jar.session(context.session.id, secure=context.secure)
        return await handler(request)

    return anonymous_session
