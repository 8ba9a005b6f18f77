"""May this user call this route? What each route needs stands beside it in the route table."""

from collections.abc import Mapping

from aiohttp import web

from node.answers import error_collection, redirect
from node.filters import Filter, Handler
from node.paths import Paths
from node.request_context import context_of
from node.routes import Needs
from shared.contract import NOT_AUTHENTICATED

NOT_PERMITTED = "You do not have permission to perform this operation. Administrator rights are required."


def access_filter(needs_of: Mapping[Handler, Needs], *, paths: Paths) -> Filter:
    """Unknown paths pass; the router answers them."""

    @web.middleware
    async def access(request: web.Request, handler: Handler) -> web.StreamResponse:
        needs = needs_of.get(request.match_info.handler, Needs.ANYONE)
        account = context_of(request).account
        if needs is Needs.ANYONE or (account is not None and (needs is Needs.USER or account.is_admin)):
            return await handler(request)
        if not paths.is_rest(request):
            return redirect(paths.login_page_for(request))
        if account is None or needs is Needs.ADMIN_ELSE_401:
            return error_collection(401, NOT_AUTHENTICATED)
        return error_collection(403, NOT_PERMITTED)

    return access
