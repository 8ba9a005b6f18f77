"""A page opens a session for a visitor who has none, as Tomcat does for whatever touches the session.

REST does not: its resources never ask for one, and a script that gets 401 is not given a cookie that it would then have
to bring back. Neither is documented; pages are read in source (saving the original URL, the XSRF page), REST is
inferred.
"""

from aiohttp import web

from node.cookies import CookieJarRules
from node.filters import Filter, Handler
from node.request import Request
from node.routes import Route
from node.web_sessions import WebSessions
from shared.clock import PolicyClock


def anonymous_session_filter(web_sessions: WebSessions, clock: PolicyClock, *, jar: CookieJarRules) -> Filter:
    """Comes after `os_auth_type`, which must see that a cookie named no session."""

    def anonymous_session_for(route: Route, handler: Handler) -> Handler:
        if not route.is_page:
            return handler

        async def anonymous_session(request: Request) -> web.StreamResponse:
            context = request.context
            if context.session is None:
                context.session = web_sessions.open(None, now_ms=clock.now_ms())
                context.set_cookies[jar.session_name] = jar.session(context.session.id, secure=request.is_https)
            return await handler(request)

        return anonymous_session

    return anonymous_session_for
