"""`/secure/admin/WebSudoAuthenticate.jspa`: the password again, before administration pages open.

A wrong one shows the form again and is not counted as a failed login: the source calls a check that leaves out the
CAPTCHA gate (`authenticateWithoutElevatedCheck`); whether it counts was not seen.
"""

from aiohttp import web

from node.answers import redirect
from node.forms import form_of
from node.logins import Logins
from node.pages.shell import Shell
from node.request import Request
from node.routes import Needs, Route, Xsrf
from node.websudo import HEADER, WebSudo
from shared.clock import PolicyClock

WRONG = "The password you entered is not correct. Please try again."
EMPTY = "You must enter your password."


def websudo_routes(logins: Logins, websudo: WebSudo, clock: PolicyClock, shell: Shell) -> list[Route]:
    def form(request: Request, wanted: str, is_post: str, message: str | None = None) -> web.Response:
        return shell.page(request, "websudo.html", destination=wanted, is_post=is_post == "true", message=message)

    async def show(request: Request) -> web.Response:
        query = request.query
        return form(request, query.get("webSudoDestination", ""), query.get("webSudoIsPost", "false"))

    async def authenticate(request: Request) -> web.Response:
        """Goes on to the destination, which is a path of ours or the landing page."""
        context, fields = request.context, await form_of(request)
        password, wanted = fields.get("webSudoPassword", ""), fields.get("webSudoDestination", "")
        is_right = bool(password) and await logins.is_password_of(context.user, password)
        if not is_right or context.session is None:
            return form(request, wanted, fields.get("webSudoIsPost", "false"), WRONG if password else EMPTY)
        websudo.start(context.session, now_ms=clock.now_ms())
        answer = redirect(shell.paths.destination(wanted) or shell.paths.home)
        answer.headers.update([HEADER])
        return answer

    return [
        Route("GET", "/secure/admin/WebSudoAuthenticate!default.jspa", show, Needs.USER),
        Route("GET", "/secure/admin/WebSudoAuthenticate.jspa", show, Needs.USER),
        Route("POST", "/secure/admin/WebSudoAuthenticate.jspa", authenticate, Needs.USER, xsrf=Xsrf.TOKEN),
    ]
