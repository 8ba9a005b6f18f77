"""May this user call this route? What each route needs stands beside it in the route table."""

from aiohttp import web

from node.answers import error_collection, redirect
from node.filters import Filter, Handler
from node.pages.shell import Shell
from node.pages.xsrf import token_missing_page
from node.request_context import context_of
from node.routes import Needs, RouteTable
from shared.contract import NOT_AUTHENTICATED

NOT_PERMITTED = "You do not have permission to perform this operation. Administrator rights are required."


def access_filter(table: RouteTable, shell: Shell) -> Filter:
    """Unknown paths pass; the router answers them."""

    @web.middleware
    async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
        needs = table.needs_of(request)
        account = context_of(request).account
        if needs is Needs.ANYONE or (account is not None and (needs is Needs.USER or account.is_admin)):
            return await handler(request)
        if not shell.paths.is_rest(request):
            # A posted form cannot be repeated after a login, so Seraph forwards to the page that says so.
            if request.method == "POST":
                return token_missing_page(request, shell)
            return redirect(shell.paths.login_page_for(request))
        if account is None or needs is Needs.ADMIN_ELSE_401:
            return error_collection(401, NOT_AUTHENTICATED)
        return error_collection(403, NOT_PERMITTED)

    return access
