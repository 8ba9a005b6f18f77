"""The remember-me cookie in a request: beats a dead JSESSIONID, never a live one."""

from node.cookies import CookieJarRules
from node.logins import Logins
from node.remember_me import RememberMeCookie, parse
from node.request import Request
from shared.contract import KnownVia, LoginReason


def read_cookie(request: Request, name: str) -> RememberMeCookie | None:
    """The cookie, looked up in any letter case; None when it is absent or malformed."""
    wanted = name.lower()
    value = next((value for key, value in request.cookies.items() if key.lower() == wanted), None)
    return None if value is None else parse(value)


async def try_remember_me(request: Request, logins: Logins, *, jar: CookieJarRules) -> None:
    """Logs the request in if its cookie is good, and takes the cookie away if it is not."""
    cookie = read_cookie(request, jar.remember_me_name)
    if cookie is None:
        return
    context = request.context
    login = await logins.by_cookie(cookie)
    if login.judgement.clears_cookie_and_row:
        context.set_cookies[jar.remember_me_name] = jar.clear_remember_me(secure=request.is_https)
        return
    if login.account is None:
        context.stamp(LoginReason.DENIED if login.captcha_due else LoginReason.NOT_AUTHORISED)
        return
    session = logins.establish(login.account, context.session, since=login.since)
    if session is None:
        return
    context.stamp(LoginReason.OK)
    context.log_in(login.account, session, KnownVia.REMEMBER_ME)
    context.set_cookies[jar.session_name] = jar.session(session.id, secure=request.is_https)
