"""Credentials in the request: the login form's fields, or Basic. Judged before anybody asks who the user is.

A failed attempt does not end the request: a valid session cookie still authenticates it, and the stamp in
X-Seraph-LoginReason stays what the attempt left (reference: jira.md 3.1 to 3.4).
"""

from base64 import b64decode
from collections.abc import Awaitable
from dataclasses import dataclass

from aiohttp import hdrs, web

from node import captcha
from node.cookies import CookieJarRules
from node.filters import Filter, Handler
from node.forms import URLENCODED, form_of
from node.logins import LoginResult, Logins
from node.logout import forget_browser
from node.request import Request
from node.routes import Route
from shared.contract import KnownVia


@dataclass(frozen=True, slots=True)
class GivenCredentials:
    """What a request brought, and how."""

    username: str
    password: str
    via: KnownVia
    remember: bool = False
    captcha: str | None = None


def login_filter(logins: Logins, *, jar: CookieJarRules) -> Filter:
    """Runs before `security`; does nothing for a request without credentials."""

    def login_before(_route: Route, handler: Handler) -> Handler:
        def login(request: Request) -> Awaitable[web.StreamResponse]:
            can_bring_some = request.method == "POST" or hdrs.AUTHORIZATION in request.headers
            return login_first(request) if can_bring_some else handler(request)

        async def login_first(request: Request) -> web.StreamResponse:
            given = await _given(request)
            if given is not None:
                await log_in(request, logins, given, jar=jar)
            return await handler(request)

        return login

    return login_before


async def log_in(request: Request, logins: Logins, given: GivenCredentials, *, jar: CookieJarRules) -> LoginResult:
    """Tries the credentials and leaves account, session, stamp and cookies on the request's context."""
    context = request.context
    is_person = (
        given.captcha is not None
        and context.session is not None
        and logins.solves_captcha(context.session, given.captcha)
    )
    attempt = await logins.by_password(given.username, given.password, remember=given.remember, is_person=is_person)
    session = None
    if attempt.account is not None:
        session = logins.establish(attempt.account, context.session, since=attempt.since)
    context.login_counters = attempt.counters
    context.captcha_due = attempt.captcha_due
    if attempt.account is None or session is None:
        result = LoginResult.WRONG_PASSWORD if attempt.result is LoginResult.OK else attempt.result
        context.stamp(result.value)
        context.failed_login = result
        if result is LoginResult.NOT_AUTHORISED and context.session is not None:
            logins.disown(context.session)
        await forget_browser(request, logins, jar=jar)
        return result
    context.stamp(attempt.result.value)
    context.log_in(attempt.account, session, given.via)
    context.set_cookies[jar.session_name] = jar.session(session.id, secure=request.is_https)
    if attempt.remember_me_cookie is not None:
        value = attempt.remember_me_cookie.value
        context.set_cookies[jar.remember_me_name] = jar.remember_me(value, secure=request.is_https)
    return attempt.result


async def _given(request: Request) -> GivenCredentials | None:
    return (await _from_form(request) if request.method == "POST" else None) or _from_basic(request)


async def _from_form(request: Request) -> GivenCredentials | None:
    """URL parameters are not accepted as credentials, as in current Seraph; only a posted form is."""
    if request.content_type != URLENCODED:
        return None
    form = await form_of(request)
    username, password = form.get("os_username"), form.get("os_password")
    if username is None or password is None:
        return None
    # Seraph compares with the literal "true"; a browser's checkbox has to send exactly that.
    remember = form.get("os_cookie") == "true"
    return GivenCredentials(username, password, KnownVia.LOGIN, remember, form.get(captcha.PARAMETER))


def _from_basic(request: Request) -> GivenCredentials | None:
    header = request.headers.get(hdrs.AUTHORIZATION, "")
    if header[:6].lower() != "basic ":
        return None
    username, colon, password = _decoded(header[6:]).partition(":")
    return GivenCredentials(username, password, KnownVia.BASIC) if colon else None


def _decoded(credentials: str) -> str:
    """Taken for what they were meant to be, because a login that is not even tried leaves its caller anonymous with a
    good answer: many clients leave the padding out, and some write Latin-1."""
    try:
        raw = b64decode(credentials.strip() + "==")
    except ValueError:
        return ""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
