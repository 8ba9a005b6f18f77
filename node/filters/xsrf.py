"""Keeps other sites from acting in a user's name, and hands out the token that proves a form is ours.

Which routes ask for what stands beside them (`node.routes`). A page's form without a fitting token gets a page, a
form-encoded REST call without `X-Atlassian-Token: no-check` gets 403, and so does a browser that changes something by
REST from another site's page, whatever headers it brings.
"""

from aiohttp import web

from node import xsrf as rules
from node.answers import text_answer
from node.cookies import CookieJarRules, cookie_reader
from node.filters import Filter, Handler
from node.forms import form_of
from node.pages.shell import Shell
from node.pages.xsrf import token_missing_page
from node.paths import Paths
from node.request import Request
from node.routes import Route, Xsrf
from node.store.server_id import ServerId
from shared.contract import XSRF_COOKIE, XSRF_FAILED

CHANGING = frozenset({"POST", "PUT", "DELETE", "PATCH"})


def xsrf_filter(server_id: ServerId, shell: Shell, *, jar: CookieJarRules) -> Filter:
    """Runs when it is known who the user is. Every answer leaves with a fitting cookie, but for health checks."""

    cookies_of = cookie_reader(XSRF_COOKIE)

    def xsrf_of(route: Route, handler: Handler) -> Handler:
        if route.is_status:
            return handler
        guarded = _guarded(route, handler, shell)

        async def xsrf(request: Request) -> web.StreamResponse:
            context = request.context
            tokens = context.xsrf_tokens = rules.RequestTokens(
                server_id.known or await server_id.get(), cookies_of(request)
            )
            try:
                return await guarded(request)
            finally:
                tokens.current(logged_in=context.account is not None)
                if tokens.issued is not None:
                    context.set_cookies[XSRF_COOKIE] = jar.xsrf(XSRF_COOKIE, tokens.issued, secure=request.is_https)

        return xsrf

    return xsrf_of


def _guarded(route: Route, handler: Handler, shell: Shell) -> Handler:
    """The handler behind what the route asks for; as it is where nothing can be wrong with a request."""
    if route.is_rest:
        can_be_refused = route.xsrf is not Xsrf.NONE or route.method in CHANGING or route.method == "*"
        return _guarded_resource(route, handler, shell.paths) if can_be_refused else handler
    return _guarded_page(handler, shell) if route.xsrf is Xsrf.TOKEN else handler


def _guarded_resource(route: Route, handler: Handler, paths: Paths) -> Handler:
    async def resource(request: Request) -> web.StreamResponse:
        return _refusal(request, route.xsrf, paths) or await handler(request)

    return resource


def _guarded_page(handler: Handler, shell: Shell) -> Handler:
    async def page(request: Request) -> web.StreamResponse:
        if await carries_valid_token(request):
            return await handler(request)
        return token_missing_page(request, shell)

    return page


def xsrf_token_for(request: Request) -> str:
    """The token for this answer's hidden `atl_token` fields and its `atlassian-token` meta element.

    Ask after a login or logout of the same request. Empty on pages of a node that does not serve users yet.
    """
    context = request.context
    return "" if context.xsrf_tokens is None else context.xsrf_tokens.current(logged_in=context.account is not None)


async def carries_valid_token(request: Request) -> bool:
    """Did one of our own pages send this, or a script that says so? A field of the form, or of the query."""
    if rules.opts_out(request.headers.get(rules.HEADER)):
        return True
    context = request.context
    given = request.query.get(rules.FIELD) or (await form_of(request)).get(rules.FIELD)
    tokens = context.xsrf_tokens
    return tokens is not None and tokens.accepts(given, logged_in=context.account is not None)


def _refusal(request: Request, demand: Xsrf, paths: Paths) -> web.Response | None:
    headers = request.headers
    is_form = demand is Xsrf.HEADER and request.content_type in rules.FORM_TYPES
    if is_form and not rules.opts_out(headers.get(rules.HEADER)):
        return text_answer(XSRF_FAILED, 403)
    if request.method not in CHANGING or not rules.is_browser(headers.get("User-Agent")):
        return None
    if rules.comes_from_own_page(headers.get("Origin"), headers.get("Referer"), _own_urls(request, paths)):
        return None
    return text_answer(XSRF_FAILED, 403)


def _own_urls(request: Request, paths: Paths) -> list[str]:
    """Where users find us: as configured, and as the balancer and the connection say. No page can forge these."""
    scheme = "https" if request.is_https else "http"
    hosts = (request.headers.get("X-Forwarded-Host"), request.headers.get("Host"))
    return [paths.base_url, *(f"{scheme}://{host}" for host in hosts if host)]
