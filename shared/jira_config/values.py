"""Texts of configuration files as values. Every parser raises ValueError saying what would be right.

Java reads these texts, so Java decides what a number is: `Integer.parseInt` takes a sign and digits, nothing else.
"""

import re

JAVA_INT_MAX = 2**31 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_COOKIE_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def parse_integer(text: str) -> int:
    """A whole number that fits Java's int."""
    if _INTEGER.fullmatch(text) is None or not -JAVA_INT_MAX - 1 <= int(text) <= JAVA_INT_MAX:
        raise ValueError(f"write a whole number between {-JAVA_INT_MAX - 1} and {JAVA_INT_MAX}")
    return int(text)


def parse_minutes(text: str) -> int:
    """Minutes of an idle limit. Tomcat counts in seconds in an int, so larger numbers would turn negative."""
    minutes = parse_integer(text)
    if minutes > JAVA_INT_MAX // 60:
        raise ValueError(f"write at most {JAVA_INT_MAX // 60} minutes, or 0 for no idle limit")
    return minutes


def parse_boolean(text: str) -> bool:
    """`true` or `false`. Seraph takes every other word for false, some of them even TRUE: rarely what was meant."""
    if text not in ("true", "false"):
        raise ValueError("write true or false")
    return text == "true"


def parse_cookie_name(text: str) -> str:
    """A cookie name (RFC 6265: an HTTP token)."""
    if _COOKIE_NAME.fullmatch(text) is None:
        raise ValueError("write a cookie name: letters, digits and !#$%&'*+-.^_`|~ only")
    return text


def parse_cookie_path(text: str) -> str:
    """A cookie path: starts with a slash and cannot end the attribute early."""
    if not text.startswith("/") or ";" in text or not text.isprintable():
        raise ValueError("write a path that starts with / and has no semicolon")
    return text


def parse_login_url(text: str) -> str:
    """Where a browser is sent to log in: a path below the context path, or an address outside. Seraph writes the
    context path before whatever is no address, and `/jiralogin.jsp` is nowhere."""
    if not text.startswith(("/", "http://", "https://")) or not text.isprintable():
        raise ValueError("write, in one line, a path that starts with / or an address with http:// or https://")
    return text


def parse_list(text: str) -> tuple[str, ...]:
    """Names between commas; blanks around them do not count."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
