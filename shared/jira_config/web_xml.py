"""The session part of a `web.xml`, the server's or the application's: they look alike and only precedence differs.

A missing file means the file as Jira ships it: the server's says 30 minutes, the application's 300 (source: "How to
change the default session timeout").
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from shared.jira_config.sourced import Origin, Source, Sourced, by_default
from shared.jira_config.values import (
    parse_boolean,
    parse_cookie_name,
    parse_cookie_path,
    parse_integer,
    parse_minutes,
)
from shared.jira_config.xml_file import Element, XmlFile

T = TypeVar("T")

TIMEOUT = "session-config/session-timeout"
TRACKING_MODE = "session-config/tracking-mode"
MAX_AGE = "session-config/cookie-config/max-age"
NAME = "session-config/cookie-config/name"
PATH = "session-config/cookie-config/path"
SECURE = "session-config/cookie-config/secure"
HTTP_ONLY = "session-config/cookie-config/http-only"


class TrackingMode(StrEnum):
    """How the session id travels."""

    COOKIE = "COOKIE"
    URL = "URL"
    SSL = "SSL"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """What one `web.xml` says; None where it says nothing. The timeout is in minutes, the age in seconds."""

    timeout_min: Sourced[int] | None = None
    tracking_modes: Sourced[tuple[TrackingMode, ...]] | None = None
    max_age_s: Sourced[int] | None = None
    name: Sourced[str] | None = None
    path: Sourced[str] | None = None
    secure: Sourced[bool] | None = None
    http_only: Sourced[bool] | None = None


SHIPPED_APPLICATION_MIN = 300
SHIPPED_SERVER_MIN = 30
SHIPPED_APPLICATION = WebSettings(by_default(SHIPPED_APPLICATION_MIN, Origin.JIRA, f"WEB-INF/web.xml {TIMEOUT}"))
SHIPPED_SERVER = WebSettings(by_default(SHIPPED_SERVER_MIN, Origin.JIRA, f"conf/web.xml {TIMEOUT}"))


def read_web_xml(file: XmlFile) -> WebSettings:
    """What the file says about sessions. Raises OperatorError naming the line of a value that cannot be used."""
    session = _only(file, file.root, "session-config")
    if session is None:
        return WebSettings()
    cookie = _only(file, session, "cookie-config")
    return WebSettings(
        timeout_min=_value(file, session, TIMEOUT, parse_minutes),
        tracking_modes=_tracking_modes(file, session),
        max_age_s=_value(file, cookie, MAX_AGE, parse_integer),
        name=_value(file, cookie, NAME, parse_cookie_name),
        path=_value(file, cookie, PATH, parse_cookie_path),
        secure=_value(file, cookie, SECURE, parse_boolean),
        http_only=_value(file, cookie, HTTP_ONLY, parse_boolean),
    )


def _only(file: XmlFile, parent: Element, name: str) -> Element | None:
    """The one child of that name. Tomcat does not start an application that has two."""
    found = parent.all(name)
    if len(found) > 1:
        raise file.fault(found[1], f"<{name}> appears a second time (first in line {found[0].line}); keep one")
    return found[0] if found else None


def _value(file: XmlFile, parent: Element | None, path: str, parse: Callable[[str], T]) -> Sourced[T] | None:
    if parent is None:
        return None
    element = _only(file, parent, path.rpartition("/")[2])
    return None if element is None else _parsed(file, element, path, parse)


def _parsed(file: XmlFile, element: Element, path: str, parse: Callable[[str], T]) -> Sourced[T]:
    try:
        value = parse(element.text)
    except ValueError as error:
        raise file.fault(element, f"{element.text!r} is no value for <{element.name}>; {error}") from error
    return Sourced(value, Source(Origin.FILE, path, str(file.path), element.line))


def _tracking_modes(file: XmlFile, session: Element) -> Sourced[tuple[TrackingMode, ...]] | None:
    found = [_parsed(file, element, TRACKING_MODE, _parse_mode) for element in session.all("tracking-mode")]
    if not found:
        return None
    return Sourced(tuple(dict.fromkeys(mode.value for mode in found)), found[0].source)


def _parse_mode(text: str) -> TrackingMode:
    try:
        return TrackingMode(text)
    except ValueError:
        raise ValueError(f"write one of {', '.join(TrackingMode)}") from None
