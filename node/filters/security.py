"""Who is it? Web session with a principal, else remember-me cookie, else nobody (Basic was judged by `login`).

A live web session is honoured while memory vouches for it (`session_gate`); otherwise one look at the directory renews
it or ends it.
"""

from aiohttp import web

from node.caches import Caches
from node.cookies import CookieJarRules
from node.filters import Filter, Handler
from node.filters.remember_me import try_remember_me
from node.logins import Logins
from node.request_context import RequestContext, context_of
from node.session_gate import SessionGate
from node.web_sessions import WebSession
from shared.contract import KnownVia, LoginReason


def security_filter(gate: SessionGate, logins: Logins, caches: Caches, *, jar: CookieJarRules) -> Filter:
    """Leaves account and session on the request's context, or nobody."""

    @web.middleware
    async def security(request: web.Request, handler: Handler) -> web.StreamResponse:
        context = context_of(request)
        if context.account is None and context.session is not None and context.session.account is not None:
            await _ask_session(context, context.session, gate, caches)
        if context.account is None:
            await try_remember_me(request, logins, jar=jar)
        return await handler(request)

    return security


async def _ask_session(context: RequestContext, session: WebSession, gate: SessionGate, caches: Caches) -> None:
    account = gate.from_memory(session) or await gate.renew(session)
    if account is None:
        context.session = None
        context.session_ended = caches.web_sessions.cause_of_end(session.id)
        return
    context.stamp(LoginReason.OK)
    context.log_in(account, session, KnownVia.SESSION)
