"""May this user call this route? What each route needs stands beside it (`node.routes`)."""

from urllib.parse import quote

from aiohttp import web

from node.answers import error_collection, redirect
from node.filters import Filter, Handler
from node.identity import Account
from node.pages.shell import Shell
from node.pages.xsrf import token_missing_page
from node.paths import Paths
from node.request import Request
from node.routes import Needs, Route
from node.websudo import HEADER, WebSudo
from shared.clock import PolicyClock
from shared.contract import NOT_AUTHENTICATED

NOT_PERMITTED = "You do not have permission to perform this operation. Administrator rights are required."


def access_filter(websudo: WebSudo, clock: PolicyClock, shell: Shell) -> Filter:
    """Stands before what is not for everybody."""

    def access_to(route: Route, handler: Handler) -> Handler:
        if route.needs is Needs.ANYONE:
            return handler
        inner = _confirmed(handler, websudo, clock, shell.paths) if route.needs is Needs.WEBSUDO else handler

        async def access(request: Request) -> web.StreamResponse:
            account = request.context.account
            if account is None or not _may(account, route.needs):
                return _refusal(request, account, route, shell)
            return await inner(request)

        return access

    return access_to


def _may(account: Account, needs: Needs) -> bool:
    return needs is Needs.USER or account.is_admin


def _confirmed(handler: Handler, websudo: WebSudo, clock: PolicyClock, paths: Paths) -> Handler:
    """For administrators who have confirmed their password lately; the others are sent to do so."""
    if websudo.is_disabled:
        return handler

    async def confirmed(request: Request) -> web.StreamResponse:
        session = request.context.session
        if session is None or not websudo.use(session, now_ms=clock.now_ms()):
            return redirect(_websudo_page_for(request, paths))
        response = await handler(request)
        response.headers.update([HEADER])
        return response

    return confirmed


def _refusal(request: Request, account: Account | None, route: Route, shell: Shell) -> web.Response:
    if not route.is_rest:
        # A posted form cannot be repeated after a login, so Seraph forwards to the page that says so.
        if request.method == "POST":
            return token_missing_page(request, shell)
        return redirect(shell.paths.login_page_for(request))
    if account is None or route.needs is Needs.ADMIN_ELSE_401:
        return error_collection(401, NOT_AUTHENTICATED)
    return error_collection(403, NOT_PERMITTED)


def _websudo_page_for(request: Request, paths: Paths) -> str:
    wanted = quote(paths.below_context(request), safe="")
    is_post = "true" if request.method == "POST" else "false"
    return paths.to(
        f"/secure/admin/WebSudoAuthenticate!default.jspa?webSudoDestination={wanted}&webSudoIsPost={is_post}"
    )
