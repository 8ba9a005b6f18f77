"""Logging out by page: at once with a fitting XSRF token, else after a question (reference: jira.md 3.8).

The question keeps a foreign page's image or link from logging people out.
"""

from aiohttp import web

from node.cookies import CookieJarRules
from node.filters.xsrf import carries_valid_token
from node.logins import Logins
from node.logout import log_out
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route
from node.web_sessions import WebSessions
from shared.clock import PolicyClock

PATHS = ("/secure/Logout!default.jspa", "/secure/Logout.jspa", "/logout")


def logout_routes(
    logins: Logins, web_sessions: WebSessions, clock: PolicyClock, shell: Shell, *, jar: CookieJarRules
) -> list[Route]:
    async def leave(request: Request) -> web.Response:
        account = request.context.account
        if account is None:
            return shell.page(request, "logged_out.html", was=None)
        if not await carries_valid_token(request):
            return shell.page(request, "logout.html")
        await log_out(request, logins, web_sessions, clock, jar=jar)
        return shell.page(request, "logged_out.html", was=account.display_name)

    return [Route(method, "", leave, Needs.ANYONE, PATHS) for method in ("GET", "POST")]
