"""Logging out: this browser's session and this browser's token, nothing else of the user's (reference: jira.md 3.8)."""

from node.cookies import CookieJarRules
from node.filters.remember_me import read_cookie
from node.logins import Logins
from node.request import Request
from node.web_sessions import EndCause, WebSessions
from shared.clock import PolicyClock
from shared.contract import LoginReason


async def log_out(
    request: Request, logins: Logins, web_sessions: WebSessions, clock: PolicyClock, *, jar: CookieJarRules
) -> None:
    """Stamps OUT, ends the session, opens a fresh one for nobody, and forgets the browser."""
    context = request.context
    context.login_reason = LoginReason.OUT
    if context.session is not None:
        web_sessions.end(context.session, EndCause.LOGOUT)
    fresh = web_sessions.open(None, now_ms=clock.now_ms())
    context.log_out(fresh)
    context.set_cookies[jar.session_name] = jar.session(fresh.id, secure=request.is_https)
    await forget_browser(request, logins, jar=jar)


async def forget_browser(request: Request, logins: Logins, *, jar: CookieJarRules) -> None:
    """The request's remember-me cookie goes, and its row; a failed login costs it too (jira.md 3.4)."""
    context = request.context
    cookie = read_cookie(request, jar.remember_me_name)
    if cookie is not None:
        await logins.forget_browser(cookie)
        context.set_cookies[jar.remember_me_name] = jar.clear_remember_me(secure=request.is_https)
