"""Who is it? Web session with a principal, else remember-me cookie, else nobody (Basic was judged by `login`).

A live web session is honoured while memory vouches for it (`session_gate`); otherwise one look at the directory renews
it or ends it.
"""

from collections.abc import Awaitable

from aiohttp import web

from node.caches import Caches
from node.cookies import CookieJarRules
from node.filters import Filter, Handler
from node.filters.remember_me import try_remember_me
from node.logins import Logins
from node.request import Request
from node.routes import Route
from node.session_gate import SessionGate


def security_filter(gate: SessionGate, logins: Logins, caches: Caches, *, jar: CookieJarRules) -> Filter:
    """Leaves account and session on the request's context, or nobody."""

    def security_before(_route: Route, handler: Handler) -> Handler:
        def security(request: Request) -> Awaitable[web.StreamResponse]:
            context = request.context
            if context.account is not None:
                return handler(request)
            account = None if context.session is None else gate.from_memory(context.session)
            if account is None:
                return security_first(request)
            context.recognise(account)
            return handler(request)

        async def security_first(request: Request) -> web.StreamResponse:
            context = request.context
            session = context.session
            if session is not None and (session.account is not None or session.ended):
                account = await gate.renew(session)
                if account is not None:
                    context.recognise(account)
                else:
                    context.session = None
                    context.session_ended = caches.web_sessions.cause_of_end(session.id)
            if context.account is None:
                await try_remember_me(request, logins, jar=jar)
            return await handler(request)

        return security

    return security_before
