"""Who is it? Web session with a principal, else remember-me cookie, else nobody (Basic was judged by `login`).

With `crowd.gate: both` a live web session is honoured only while a Crowd entry vouches for it; when the entry has run
out, one look at the directory renews it or ends the session.
"""

from aiohttp import web

from node.caches import Caches
from node.cookies import CookieJarRules
from node.crowd import still_good
from node.filters import Filter, Handler
from node.filters.remember_me import try_remember_me
from node.identity import Account
from node.logins import Logins
from node.request_context import RequestContext, context_of
from node.store import directory
from node.store.engine import Database
from node.web_sessions import EndCause, WebSession
from shared.clock import PolicyClock
from shared.contract import KnownVia, LoginReason
from shared.settings import CrowdGate


class SessionGate:
    """Decides whether a live web session still names a user."""

    def __init__(self, database: Database, caches: Caches, clock: PolicyClock, *, gate: CrowdGate) -> None:
        self._database = database
        self._caches = caches
        self._clock = clock
        self._gate = gate

    def from_memory(self, session: WebSession) -> Account | None:
        """The account if memory alone settles it."""
        account = session.account
        if account is None or self._gate is CrowdGate.EITHER:
            return account
        return self._caches.crowd.vouch(account.user_key, epoch=session.epoch, now_ms=self._clock.now_ms())

    async def renew(self, session: WebSession) -> Account | None:
        """Asks the directory. None means that the session is over. Raises DependencyError when nobody answers."""
        assert session.account is not None
        async with self._database.transaction() as connection:
            account = await directory.by_key(connection, session.account.user_key)
        if account is None or not still_good(account, epoch=session.epoch):
            self._caches.web_sessions.end(session, EndCause.CROWD)
            return None
        renewed = self._caches.renew(session, account, now_ms=self._clock.now_ms())
        return account if renewed else None


def security_filter(gate: SessionGate, logins: Logins, caches: Caches, *, jar: CookieJarRules) -> Filter:
    """Leaves account and session on the request's context, or nobody."""

    @web.middleware
    async def security(request: web.Request, handler: Handler) -> web.StreamResponse:
        context = context_of(request)
        if context.account is None:
            await _ask_session(context, gate, caches)
        if context.account is None:
            await try_remember_me(request, logins, jar=jar)
        return await handler(request)

    return security


async def _ask_session(context: RequestContext, gate: SessionGate, caches: Caches) -> None:
    session = context.session
    if session is None or session.account is None:
        return
    account = gate.from_memory(session) or await gate.renew(session)
    if account is None:
        context.session = None
        context.session_ended = caches.web_sessions.cause_of_end(session.id)
        return
    context.stamp(LoginReason.OK)
    context.log_in(account, session, KnownVia.SESSION)
