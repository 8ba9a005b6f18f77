"""The user has read that his browser is not supported: a cookie keeps the banner away until the browser is closed."""

from aiohttp import web

from node.answers import redirect
from node.cookies import CookieJarRules
from node.forms import form_of
from node.pages import browser_state
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route, Xsrf


def unsupported_browser_routes(shell: Shell, *, jar: CookieJarRules) -> list[Route]:
    async def acknowledge(request: Request) -> web.Response:
        context = request.context
        name = browser_state.UNSUPPORTED_COOKIE
        context.set_cookies[name] = jar.plain(name, browser_state.ACKNOWLEDGED, age_s=None, secure=request.is_https)
        return redirect(shell.paths.destination((await form_of(request)).get("returnUrl")) or shell.paths.home)

    return [Route("POST", "/secure/UnsupportedBrowser.jspa", acknowledge, Needs.ANYONE, xsrf=Xsrf.TOKEN)]
