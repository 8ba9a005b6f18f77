"""`os_authType`: what becomes of a request that nobody could be found for (reference: jira.md 3.2).

REST defaults to `any`: a JSESSIONID that this node does not know is refused instead of silently served anonymously.
`/rest/auth/**` is `none`, since one must be able to log in with a dead cookie.
"""

from collections.abc import Awaitable
from enum import StrEnum

from aiohttp import hdrs, web

from node.answers import html_answer, rest_message
from node.filters import Filter, Handler
from node.logins import LoginResult
from node.paths import Paths
from node.request import Request
from node.request_context import RequestContext
from node.routes import Route
from shared import contract

BASIC_CHALLENGE = {"WWW-Authenticate": 'Basic realm="protected-area"'}


class AuthType(StrEnum):
    """Values of the parameter; an unknown one counts as NONE."""

    BASIC = "basic"
    COOKIE = "cookie"
    ANY = "any"
    NONE = "none"


_BY_VALUE = {kind.value: kind for kind in AuthType}


def os_auth_type_filter(parameter: str | None, *, paths: Paths) -> Filter:
    """`parameter` is the name it has in the query; None when no parameter is read.

    Also answers a failed Basic attempt that no session made up for: an HTML 401, or 403 for a CAPTCHA.
    """

    def os_auth_type_of(route: Route, handler: Handler) -> Handler:
        default = AuthType.ANY if route.is_rest and not route.is_rest_auth else AuthType.NONE

        def os_auth_type(request: Request) -> Awaitable[web.StreamResponse]:
            context = request.context
            return handler(request) if context.account is not None else unless_refused(request, context)

        async def unless_refused(request: Request, context: RequestContext) -> web.StreamResponse:
            if context.failed_login is not None and hdrs.AUTHORIZATION in request.headers:
                return basic_failure(context.failed_login, paths)
            return _refuse(context, _asked(request, parameter) or default, paths) or await handler(request)

        return os_auth_type

    return os_auth_type_of


def _asked(request: Request, parameter: str | None) -> AuthType | None:
    """What the caller asked for; None when he did not, and the default of that part of the application counts."""
    asked = None if parameter is None else request.query.get(parameter)
    return None if asked is None else _BY_VALUE.get(asked.lower(), AuthType.NONE)


def basic_failure(result: LoginResult, paths: Paths) -> web.Response:
    """The page Jira's error servlet makes of a failed Basic login."""
    text = f"Basic Authentication Failure - Reason : {result.value}"
    if result is LoginResult.CAPTCHA_NEEDED:
        return html_answer(_page(text), 403, denied_headers(paths))
    return html_answer(_page(text), 401, BASIC_CHALLENGE)


def denied_headers(paths: Paths) -> dict[str, str]:
    return {contract.DENIED_REASON: f"CAPTCHA_CHALLENGE; login-url={paths.absolute('/login.jsp')}"}


def _refuse(context: RequestContext, kind: AuthType, paths: Paths) -> web.Response | None:
    if kind is AuthType.BASIC:
        return html_answer(_page("Basic authentication is required."), 401, BASIC_CHALLENGE)
    if context.session is not None:
        return None
    headers = {"WWW-Authenticate": f'OAuth realm="{paths.absolute("")}"'}
    if kind is AuthType.COOKIE:
        return rest_message(401, contract.STALE_COOKIE_COOKIE, headers)
    if kind is AuthType.ANY and context.asked_session_id is not None:
        return rest_message(401, contract.STALE_COOKIE_ANY, headers)
    return None


def _page(text: str) -> str:
    return f"<!DOCTYPE html><html lang=en><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
