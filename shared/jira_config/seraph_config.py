"""The parameters of a `seraph-config.xml`: the remember-me cookie, and what a login does to the session.

A missing file means the file as Jira ships it. A given file that leaves a parameter out means the library's own
default, which for some parameters is another one (reference: jira.md 3.6). That is a trap worth showing: without
`login.cookie.key` the cookie has another name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from shared.contract import AUTH_TYPE, FORGOTTEN_AT_LOGIN, REMEMBER_ME_COOKIE
from shared.contract import LOGIN_URL as JIRA_LOGIN_URL
from shared.jira_config.sourced import Origin, Source, Sourced, by_default
from shared.jira_config.values import (
    parse_boolean,
    parse_cookie_name,
    parse_cookie_path,
    parse_integer,
    parse_list,
    parse_login_url,
)
from shared.jira_config.xml_file import Element, XmlFile

T = TypeVar("T")

TWO_WEEKS_S = 1_209_600

COOKIE_KEY = "login.cookie.key"
COOKIE_AGE = "autologin.cookie.age"
COOKIE_PATH = "login.cookie.path"
INSECURE_COOKIE = "insecure.cookie"
INVALIDATE_ON_LOGIN = "invalidate.session.on.login"
EXCLUDE_LIST = "invalidate.session.exclude.list"
LOGIN_URL = "login.url"
AUTHENTICATION_TYPE = "authentication.type"
ORIGINAL_URL_KEY = "original.url.key"


@dataclass(frozen=True, slots=True)
class SeraphSettings:
    """Every parameter we read. `cookie_path` None is the context path; `age_s` is as written, in seconds."""

    cookie_name: Sourced[str]
    age_s: Sourced[int]
    cookie_path: Sourced[str | None]
    insecure_cookie: Sourced[bool]
    invalidate_on_login: Sourced[bool]
    forgotten_at_login: Sourced[tuple[str, ...]]
    login_url: Sourced[str | None]
    authentication_type: Sourced[str | None]
    original_url_key: Sourced[str]


def read_seraph_config(file: XmlFile | None) -> SeraphSettings:
    """What the file says, or Jira's own settings for None. Raises OperatorError naming the line of a bad value."""
    params = _Parameters(file)
    return SeraphSettings(
        cookie_name=params.get(COOKIE_KEY, parse_cookie_name, jira=REMEMBER_ME_COOKIE, seraph="seraph.os.cookie"),
        age_s=params.get(COOKIE_AGE, parse_integer, jira=TWO_WEEKS_S, seraph=TWO_WEEKS_S),
        cookie_path=params.get(COOKIE_PATH, _or_none(parse_cookie_path), jira=None, seraph=None),
        insecure_cookie=params.get(INSECURE_COOKIE, parse_boolean, jira=False, seraph=False),
        invalidate_on_login=params.get(INVALIDATE_ON_LOGIN, parse_boolean, jira=True, seraph=False),
        forgotten_at_login=params.get(
            EXCLUDE_LIST,
            parse_list,
            jira=FORGOTTEN_AT_LOGIN,
            seraph=(),
        ),
        login_url=params.get(
            LOGIN_URL,
            _or_none(parse_login_url),
            jira=JIRA_LOGIN_URL,
            seraph=None,
        ),
        authentication_type=params.get(AUTHENTICATION_TYPE, _or_none(str), jira=AUTH_TYPE, seraph=None),
        original_url_key=params.get(
            ORIGINAL_URL_KEY, _present, jira="os_security_originalurl", seraph="seraph_originalurl"
        ),
    )


class _Parameters:
    """The `init-param`s directly under `parameters`; services and authenticators have their own, which are not ours."""

    def __init__(self, file: XmlFile | None) -> None:
        self._file = file
        self._found: dict[str, Element] = {}
        for block in file.root.all("parameters") if file else []:
            for param in block.all("init-param"):
                for name in param.all("param-name"):
                    # A later parameter of the same name replaces the earlier one, as in the map Seraph fills.
                    self._found[name.text] = param

    def get(self, name: str, parse: Callable[[str], T], *, jira: T, seraph: T) -> Sourced[T]:
        if self._file is None:
            return by_default(jira, Origin.JIRA, name)
        param = self._found.get(name)
        if param is None:
            return by_default(seraph, Origin.SERAPH, name)
        values = param.all("param-value")
        if not values:
            raise self._file.fault(param, f"{name} has no <param-value>; add one or remove the <init-param>")
        try:
            value = parse(values[-1].text)
        except ValueError as error:
            raise self._file.fault(values[-1], f"{values[-1].text!r} is no value for {name}; {error}") from error
        return Sourced(value, Source(Origin.FILE, name, str(self._file.path), values[-1].line))


def _present(text: str) -> str:
    if not text:
        raise ValueError("write a name")
    return text


def _or_none(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """An empty text counts as not set."""
    return lambda text: parse(text) if text else None
