"""The administrator: performs each invalidating action through the REST resource a real one would use."""

import asyncio
import time
from urllib.parse import quote

import aiohttp

from compose.people.browser import Answer, Browser
from shared.actions import Action
from shared.errors import HarnessError

PATIENCE_S = 10.0
POLL_S = 0.01


class Administrator:
    """Logged in at one place, a node or the balancer."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    @classmethod
    async def log_in(
        cls, client: aiohttp.ClientSession, base_url: str, username: str, password: str
    ) -> "Administrator":
        """Raises HarnessError when the cluster does not let the administrator in."""
        browser = Browser(client, base_url)
        answer = await browser.request(
            "POST", "/rest/auth/1/session", json={"username": username, "password": password}
        )
        if answer.status != 200:
            raise HarnessError(f"{username} cannot log in at {base_url}: status {answer.status}, {answer.body[:200]!r}")
        return cls(browser)

    async def create_user(self, username: str, password: str) -> str:
        """Returns the new user's key. Raises HarnessError when the cluster refuses."""
        answer = await self._browser.request(
            "POST",
            "/rest/api/2/user",
            json={
                "name": username,
                "password": password,
                "emailAddress": f"{username}@example.com",
                "displayName": username,
            },
        )
        if answer.status != 201:
            raise HarnessError(f"user {username} cannot be created: status {answer.status}, {answer.body[:200]!r}")
        return _field(answer, "key")

    async def perform(self, action: Action, username: str, user_key: str, *, new_password: str) -> Answer:
        """Performs the action on somebody and returns the answer of the call that did it. An anonymization counts as
        performed when its task is reported as finished; OWN_PASSWORD is not the administrator's to perform."""
        user = quote(username, safe="")
        match action:
            case Action.ADMIN_PASSWORD:
                return await self._browser.request(
                    "PUT", f"/rest/api/2/user/password?username={user}", json={"password": new_password}
                )
            case Action.ANONYMIZE:
                return await self._anonymize(user_key)
            case Action.DELETE_USER:
                return await self._browser.request("DELETE", f"/rest/api/2/user?username={user}")
            case Action.REST_END_SESSION:
                return await self._browser.request("DELETE", f"/rest/api/2/user/session/{user}")
            case Action.DEACTIVATE:
                return await self._browser.request("PUT", f"/rest/api/2/user?username={user}", json={"active": False})
            case Action.OWN_PASSWORD:
                raise ValueError("a user changes his own password himself")

    async def _anonymize(self, user_key: str) -> Answer:
        started = await self._browser.request("POST", "/rest/api/2/user/anonymization", json={"userKey": user_key})
        if started.status != 202:
            return started
        deadline = time.monotonic() + PATIENCE_S
        path = _field(started, "progressUrl")
        while time.monotonic() < deadline:
            progress = await self._browser.request("GET", path)
            if progress.status != 200 or _field(progress, "status") != "IN_PROGRESS":
                return progress
            await asyncio.sleep(POLL_S)
        raise HarnessError(f"the anonymization of {user_key} has not finished within {PATIENCE_S:g} s (real)")


async def change_own_password(browser: Browser, old: str, new: str) -> Answer:
    """What a logged-in user does about himself."""
    return await browser.request("PUT", "/rest/api/2/myself/password", json={"password": new, "currentPassword": old})


def _field(answer: Answer, name: str) -> str:
    value = answer.json().get(name)
    if not isinstance(value, str):
        raise HarnessError(f"an answer has no {name!r}: status {answer.status}, {answer.body[:200]!r}")
    return value
