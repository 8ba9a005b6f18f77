"""May this user call this route? What each route needs stands beside it in the route table."""

from urllib.parse import quote

from aiohttp import web

from node.answers import error_collection, redirect
from node.filters import Filter, Handler
from node.identity import Account
from node.pages.shell import Shell
from node.pages.xsrf import token_missing_page
from node.paths import Paths
from node.request_context import context_of
from node.routes import Needs, RouteTable
from node.websudo import HEADER, WebSudo
from shared.clock import PolicyClock
from shared.contract import NOT_AUTHENTICATED

NOT_PERMITTED = "You do not have permission to perform this operation. Administrator rights are required."


def access_filter(table: RouteTable, websudo: WebSudo, clock: PolicyClock, shell: Shell) -> Filter:
    """Unknown paths pass; the router answers them."""

    @web.middleware
    async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
        needs = table.needs_of(request)
        context = context_of(request)
        if not _may(context.account, needs):
            return _refusal(request, context.account, needs, shell)
        if needs is not Needs.WEBSUDO or websudo.is_disabled:
            return await handler(request)
        if context.session is None or not websudo.use(context.session, now_ms=clock.now_ms()):
            return redirect(_websudo_page_for(request, shell.paths))
        response = await handler(request)
        response.headers.update([HEADER])
        return response

    return access


def _may(account: Account | None, needs: Needs) -> bool:
    if needs is Needs.ANYONE:
        return True
    return account is not None and (needs is Needs.USER or account.is_admin)


def _refusal(request: web.Request, account: Account | None, needs: Needs, shell: Shell) -> web.Response:
    if not shell.paths.is_rest(request):
        # A posted form cannot be repeated after a login, so Seraph forwards to the page that says so.
        if request.method == "POST":
            return token_missing_page(request, shell)
        return redirect(shell.paths.login_page_for(request))
    if account is None or needs is Needs.ADMIN_ELSE_401:
        return error_collection(401, NOT_AUTHENTICATED)
    return error_collection(403, NOT_PERMITTED)


def _websudo_page_for(request: web.Request, paths: Paths) -> str:
    wanted = quote(paths.below_context(request), safe="")
    is_post = "true" if request.method == "POST" else "false"
    return paths.to(
        f"/secure/admin/WebSudoAuthenticate!default.jspa?webSudoDestination={wanted}&webSudoIsPost={is_post}"
    )
