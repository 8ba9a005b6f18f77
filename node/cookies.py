"""Set-Cookie lines, the way Jira and Tomcat write them (reference: jira.md 3.5 and 6), and reading cookies.

A browser may send a name twice, the cookie of the longer path first (RFC 6265, 5.4): cookies ignore ports, so another
application of the same host at `/` has its JSESSIONID sent along to Jira at `/jira`. Hence the first one counts, and of
two JSESSIONIDs the first that names a session, as in Tomcat (`CoyoteAdapter.parseSessionCookiesId`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aiohttp import hdrs, web

from shared.settings import LoginRules

_PAIRS_IN = re.compile(r'(?<![^; \t])([^=; \t]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"(?![^; \t])|[^; \t]*)').findall
_ESCAPED = re.compile(r"\\(.)")


def cookie_pairs(header: str) -> list[tuple[str, str]]:
    """Every cookie of a Cookie field with its value, in the order they were sent; a quoted value may hold anything."""
    return [(name, _unquoted(value)) for name, value in _PAIRS_IN(header)]


def cookie_reader(name: str) -> Callable[[web.BaseRequest], Sequence[str]]:
    """Reads every value of that name, in the order they were sent, without taking the rest to pieces: every request is
    asked for one or two cookies, and most bring more. What is quoted is left to the full parser.

    What must stand before the name is looked for behind it, because a pattern that begins with fixed text is searched
    five times faster.
    """
    text = re.escape(name)
    values_in = re.compile(rf"{text}(?<![^; \t]{text})[ \t]*=[ \t]*([^;]*)").findall

    def read(request: web.BaseRequest) -> Sequence[str]:
        header = request.headers.get(hdrs.COOKIE)
        if header is None:
            return ()
        if '"' in header:
            return [value for key, value in cookie_pairs(header) if key == name]
        found: list[str] = values_in(header)
        return (found[0].rstrip(),) if len(found) == 1 else [value.rstrip() for value in found]

    return read


@dataclass(frozen=True, slots=True)
class CookieJarRules:
    """Names and attributes of this node's cookies. Ages are seconds of the browser's clock; `path` is the context path
    or `/`, where the rules do not say otherwise."""

    rules: LoginRules
    session_max_age_s: int | None
    remember_me_age_s: int
    path: str

    @property
    def session_name(self) -> str:
        return self.rules.session_cookie

    @property
    def remember_me_name(self) -> str:
        return self.rules.remember_me_cookie

    def session(self, value: str, *, secure: bool) -> str:
        """JSESSIONID; with a max-age it turns from a session cookie into a permanent one."""
        rules = self.rules
        age = "" if self.session_max_age_s is None else f"; Max-Age={self.session_max_age_s}"
        path = rules.session_cookie_path or self.path
        secure = secure if rules.session_cookie_secure is None else rules.session_cookie_secure
        hidden = "; HttpOnly" if rules.session_cookie_http_only else ""
        return f"{self.session_name}={value}; Path={path}{age}{_secure(secure)}{hidden}"

    def remember_me(self, value: str, *, secure: bool) -> str:
        return self._remember_me(value, self.remember_me_age_s, secure=secure)

    def clear_remember_me(self, *, secure: bool) -> str:
        return self._remember_me('""', 0, secure=secure)

    def xsrf(self, name: str, token: str, *, secure: bool) -> str:
        """Ends with the browser and is readable by our pages; behind https other sites may send it along, and it
        proves nothing without the form's field."""
        return f"{name}={token}; Path={self.path}" + ("; Secure; SameSite=None" if secure else "")

    def plain(self, name: str, value: str, *, age_s: int | None, secure: bool) -> str:
        """A cookie that says nothing of who the user is, so our scripts may read it. Age None: a session cookie."""
        age = "" if age_s is None else f"; Max-Age={age_s}"
        return f"{name}={value}; Path={self.path}{age}{_secure(secure)}"

    def _remember_me(self, value: str, age_s: int, *, secure: bool) -> str:
        path = self.rules.remember_me_cookie_path or self.path
        secure = secure and not self.rules.insecure_cookie
        return f"{self.remember_me_name}={value}; Path={path}; Max-Age={age_s}{_secure(secure)}; HttpOnly"


def _unquoted(value: str) -> str:
    return _ESCAPED.sub(r"\1", value[1:-1]) if len(value) > 1 and value[0] == value[-1] == '"' else value


def _secure(secure: bool) -> str:
    return "; Secure" if secure else ""
