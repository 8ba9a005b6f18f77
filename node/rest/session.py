"""`/rest/auth/1/session`: log in, ask who one is, log out (reference: jira.md 4.1)."""

from urllib.parse import quote

from aiohttp import web

from node.answers import error_collection, json_answer, no_content
from node.cookies import CookieJarRules
from node.filters.login import GivenCredentials, log_in
from node.filters.os_auth_type import denied_headers
from node.logins import LoginResult, Logins
from node.logout import log_out
from node.paths import Paths
from node.request import Request
from node.rest.arguments import PASSWORD_MAX, json_body, optional_text
from node.rest.beans import login_info
from node.routes import REST_AUTH, Needs, Route
from node.store import credentials
from node.store.engine import Database
from node.web_sessions import WebSessions
from shared.clock import PolicyClock
from shared.contract import LOGIN_DENIED, LOGIN_FAILED, NOT_AUTHENTICATED, KnownVia


def session_routes(
    database: Database,
    logins: Logins,
    web_sessions: WebSessions,
    clock: PolicyClock,
    *,
    jar: CookieJarRules,
    paths: Paths,
) -> list[Route]:
    async def create(request: Request) -> web.Response:
        body = await json_body(request)
        username = optional_text(body, "username") or ""
        password = optional_text(body, "password", limit=PASSWORD_MAX) or ""
        given = GivenCredentials(username, password, KnownVia.LOGIN)
        result = await log_in(request, logins, given, jar=jar)
        if result is LoginResult.CAPTCHA_NEEDED:
            return error_collection(403, LOGIN_DENIED, headers=denied_headers(paths))
        context = request.context
        if result is not LoginResult.OK or context.session is None:
            return error_collection(401, LOGIN_FAILED, headers={"WWW-Authenticate": "JIRA REST POST"})
        # The seed's sample shows the time of the login before this one, and counts that include this one.
        counted = context.login_counters.with_this_login()
        return json_answer(
            {
                "session": {"name": jar.session_name, "value": context.session.id},
                "loginInfo": login_info(counted, previous_ms=context.login_counters.last_login_ms),
            }
        )

    async def read(request: Request) -> web.Response:
        account = request.context.account
        if account is None:
            return error_collection(401, NOT_AUTHENTICATED)
        async with database.transaction() as connection:
            counters = await credentials.counters_of(connection, account.user_key)
        return json_answer(
            {
                "self": paths.absolute(f"/rest/api/latest/user?username={quote(account.username, safe='')}"),
                "name": account.username,
                "loginInfo": login_info(counters, previous_ms=counters.previous_login_ms),
            }
        )

    async def end(request: Request) -> web.Response:
        if request.context.account is None:
            return error_collection(401, NOT_AUTHENTICATED)
        await log_out(request, logins, web_sessions, clock, jar=jar)
        return no_content()

    return [
        Route("POST", "/session", create, Needs.ANYONE, REST_AUTH),
        Route("GET", "/session", read, Needs.ANYONE, REST_AUTH),
        Route("DELETE", "/session", end, Needs.ANYONE, REST_AUTH),
    ]
