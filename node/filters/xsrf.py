"""Keeps other sites from acting in a user's name, and hands out the token that proves a form is ours.

Which routes ask for what stands beside them in the route table. A page's form without a fitting token gets a page, a
form-encoded REST call without `X-Atlassian-Token: no-check` gets 403, and so does a browser that changes something by
REST from another site's page, whatever headers it brings.
"""

from aiohttp import web

from node import xsrf as rules
from node.answers import text_answer
from node.cookies import CookieJarRules, cookie_value
from node.filters import Filter, Handler
from node.forms import form_of
from node.pages.shell import Shell
from node.pages.xsrf import token_missing_page
from node.paths import Paths
from node.request_context import context_of
from node.routes import RouteTable, Xsrf
from node.store.server_id import ServerId
from shared.contract import XSRF_COOKIE, XSRF_FAILED

TOKENS = web.RequestKey("dcsim_xsrf_tokens", rules.RequestTokens)
CHANGING = frozenset({"POST", "PUT", "DELETE", "PATCH"})


def xsrf_filter(server_id: ServerId, table: RouteTable, shell: Shell, *, jar: CookieJarRules, paths: Paths) -> Filter:
    """Runs when it is known who the user is. Every answer leaves with a fitting cookie, but for health checks."""

    @web.middleware
    async def xsrf(request: web.Request, handler: Handler) -> web.StreamResponse:
        if paths.is_status(request):
            return await handler(request)
        context = context_of(request)
        tokens = request[TOKENS] = rules.RequestTokens(
            server_id.known or await server_id.get(), cookie_value(request, XSRF_COOKIE)
        )
        try:
            if paths.is_rest(request):
                return _rest_refusal(request, table.xsrf_of(request), paths) or await handler(request)
            if table.xsrf_of(request) is Xsrf.TOKEN and not await carries_valid_token(request):
                return token_missing_page(request, shell)
            return await handler(request)
        finally:
            tokens.current(logged_in=context.account is not None)
            if tokens.issued is not None:
                context.set_cookies[XSRF_COOKIE] = jar.xsrf(XSRF_COOKIE, tokens.issued, secure=context.secure)

    return xsrf


def xsrf_token_for(request: web.Request) -> str:
    """The token for this answer's hidden `atl_token` fields and its `atlassian-token` meta element.

    Ask after a login or logout of the same request. Empty on pages of a node that does not serve users yet.
    """
    tokens = request.get(TOKENS)
    return "" if tokens is None else tokens.current(logged_in=context_of(request).account is not None)


async def carries_valid_token(request: web.Request) -> bool:
    """Did one of our own pages send this, or a script that says so? A field of the form, or of the query."""
    if rules.opts_out(request.headers.get(rules.HEADER)):
        return True
    given = request.query.get(rules.FIELD) or (await form_of(request)).get(rules.FIELD)
    return request[TOKENS].accepts(given, logged_in=context_of(request).account is not None)


def _rest_refusal(request: web.Request, demand: Xsrf, paths: Paths) -> web.Response | None:
    headers = request.headers
    is_form = demand is Xsrf.HEADER and request.content_type in rules.FORM_TYPES
    if is_form and not rules.opts_out(headers.get(rules.HEADER)):
        return text_answer(XSRF_FAILED, 403)
    if request.method not in CHANGING or not rules.is_browser(headers.get("User-Agent")):
        return None
    if rules.comes_from_own_page(headers.get("Origin"), headers.get("Referer"), _own_urls(request, paths)):
        return None
    return text_answer(XSRF_FAILED, 403)


def _own_urls(request: web.Request, paths: Paths) -> list[str]:
    """Where users find us: as configured, and as the balancer and the connection say. No page can forge these."""
    scheme = "https" if context_of(request).secure else "http"
    hosts = (request.headers.get("X-Forwarded-Host"), request.headers.get("Host"))
    return [paths.base_url, *(f"{scheme}://{host}" for host in hosts if host)]
