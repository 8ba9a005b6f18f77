"""Cookies in which Jira keeps how a page was last looked at (source: "Jira application cookies").

None of them says who the user is. Pure: texts in, texts out.
"""

import re

NAVIGATOR_COOKIE = "jira.issue.navigator.type"
"""Which search view was last used: `basic` or `advanced`."""
NAVIGATOR_AGE_S = 10 * 365 * 24 * 3600
CONGLOMERATE_COOKIE = "AJS.conglomerate.cookie"
"""Which tabs were last used, as `|name=value|name=value`."""
CONGLOMERATE_AGE_S = 365 * 24 * 3600
UNSUPPORTED_COOKIE = "UNSUPPORTED_BROWSER_WARNING"
"""The user has read that his browser is not supported; ends with the browser."""
ACKNOWLEDGED = "handled"

_UNSUPPORTED = re.compile(r"\bMSIE \d|\bTrident/|\bPhantomJS/|\bOpera/")
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,60})=(?P<value>[A-Za-z0-9._-]{1,60})")
_ENTRIES_MAX = 20


def needs_warning(user_agent: str, acknowledged: str | None) -> bool:
    """Is this a browser whose maker has given it up, used by somebody who was not told so yet?"""
    return acknowledged is None and _UNSUPPORTED.search(user_agent) is not None


def read_conglomerate(value: str) -> dict[str, str]:
    """The entries of the cookie; what is no entry is left out."""
    entries = (_ENTRY.fullmatch(part) for part in value.strip('"').split("|"))
    return {entry["name"]: entry["value"] for entry in entries if entry}


def with_entry(value: str, name: str, chosen: str) -> str:
    """The cookie with one entry changed; the oldest make room when there are too many."""
    entries = read_conglomerate(value)
    entries.pop(name, None)
    entries[name] = chosen
    return "".join(f"|{key}={entries[key]}" for key in list(entries)[-_ENTRIES_MAX:])
