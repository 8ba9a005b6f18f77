"""The JSON shapes of users and logins (reference: jira.md 4.1 and 4.3, public traces)."""

from typing import Any
from urllib.parse import quote

from node.identity import Account
from node.paths import Paths
from node.store.credentials import LoginCounters
from shared.clock import jira_time

AVATAR_SIZES = ("16x16", "24x24", "32x32", "48x48")


def user_bean(account: Account, paths: Paths) -> dict[str, Any]:
    """A user as `myself` and `user` show it."""
    return {
        "self": paths.absolute(f"/rest/api/2/user?username={quote(account.username, safe='')}"),
        "key": account.user_key,
        "name": account.username,
        "emailAddress": account.email,
        "avatarUrls": {
            size: paths.absolute(f"/secure/useravatar?size={size.partition('x')[0]}") for size in AVATAR_SIZES
        },
        "displayName": account.display_name,
        "active": account.active,
        "deleted": False,
        "timeZone": "UTC",
        "locale": "en_US",
        "groups": {"size": len(account.groups), "items": [_group(name, paths) for name in account.groups]},
        "applicationRoles": {"size": 1, "items": []},
        "expand": "groups,applicationRoles",
    }


def login_info(counters: LoginCounters, *, previous_ms: int | None) -> dict[str, Any]:
    """`loginInfo`; times are left out when they never happened."""
    info: dict[str, Any] = {
        "failedLoginCount": counters.failed_login_count,
        "loginCount": counters.login_count,
    }
    if counters.last_failed_login_ms is not None:
        info["lastFailedLoginTime"] = jira_time(counters.last_failed_login_ms)
    if previous_ms is not None:
        info["previousLoginTime"] = jira_time(previous_ms)
    return info


def _group(name: str, paths: Paths) -> dict[str, str]:
    return {"name": name, "self": paths.absolute(f"/rest/api/2/group?groupname={quote(name, safe='')}")}
