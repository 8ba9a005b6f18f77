"""`/login.jsp`: the form. The `login` filter has judged a posted one before this page is asked."""

from aiohttp import web

from node import captcha
from node.answers import redirect
from node.forms import form_of
from node.logins import LoginResult
from node.pages.shell import Shell
from node.request import Request
from node.request_context import RequestContext
from node.routes import Needs, Route
from shared.clock import PolicyClock

MESSAGES = {
    LoginResult.WRONG_PASSWORD: "Your username and password are not correct. Please try again.",
    LoginResult.CAPTCHA_NEEDED: "The password was not checked: answer the CAPTCHA and enter your password again.",
    LoginResult.NOT_AUTHORISED: "Your account may not log in. Ask an administrator.",
}


def login_routes(clock: PolicyClock, shell: Shell) -> list[Route]:
    async def show(request: Request) -> web.Response:
        """Somebody who is logged in, by form or already, goes where he wanted to go."""
        context, form = request.context, await form_of(request)
        wanted = form.get("os_destination") or request.query.get("os_destination")
        destination = shell.paths.destination(wanted)
        violation = request.query.get("permissionViolation") == "true"
        if context.account is not None and (request.method == "POST" or (destination and not violation)):
            return redirect(destination or shell.paths.home)
        failed = context.failed_login
        return shell.page(
            request,
            "login.html",
            destination=wanted if destination else "",
            captcha=_captcha_for(context, now_ms=clock.now_ms()),
            message=MESSAGES.get(failed) if failed else None,
            username=form.get("os_username", ""),
            permission_violation=violation,
        )

    return [
        Route("GET", "/login.jsp", show, Needs.ANYONE),
        Route("POST", "/login.jsp", show, Needs.ANYONE),
    ]


def _captcha_for(context: RequestContext, *, now_ms: int) -> captcha.Challenge | None:
    """A new challenge after an attempt of a user who needs one, and for whoever was posed one and has not answered."""
    session = context.session
    if session is None or context.account is not None:
        return None
    due = context.captcha_due or captcha.posed(session, now_ms=now_ms) is not None
    return captcha.pose(session, now_ms=now_ms) if due else None
