"""A stolen password, told on a running cluster: who is thrown out, who stays in, for how long.

Alice works on one node. Somebody who knows her password is logged in on another. Alice changes it. Everything that is
told afterwards was measured on the cluster it is told about.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp

from compose.cluster.steering import Steering
from compose.durations import in_words
from compose.matrix.measure import LADDER_MS, POLL_S, REAL_PATIENCE_S, step
from compose.people.administrator import change_own_password
from compose.people.browser import Browser, open_client
from shared.contract import SESSION_COOKIE
from shared.errors import HarnessError
from shared.versions import Version

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How the story ended: when the thief was out, and on which clock."""

    version: Version
    thief_out_after_ms: float
    policy: bool

    @property
    def as_documented(self) -> bool:
        """From 9.11 on at once; before, not before policy time has passed."""
        return self.policy is not self.version.invalidates_cluster_wide

    def __str__(self) -> str:
        if self.policy:
            return f"{in_words(round(self.thief_out_after_ms))} (policy)"
        return f"{self.thief_out_after_ms:.0f} ms (real)"


async def tell_story(nodes: Mapping[str, str], clock: Steering, version: Version, *, tell: Tell) -> Ending:
    """Raises HarnessError when the cluster does something that ends the story before its time."""
    (home, home_url), (away, away_url) = list(nodes.items())[:2]
    await clock.pause()
    async with open_client() as client:
        alice = await _logged_in(client, home_url)
        tell(f"Alice logs in on {home}.")
        thief = await _logged_in(client, away_url)
        tell(f"A thief who knows her password logs in on {away}.")
        answer = await change_own_password(alice, "alice", "a-new-password")
        if answer.status != 204:
            raise HarnessError(f"Alice's password change failed: status {answer.status}, {answer.body[:200]!r}")
        returned = time.monotonic()
        tell(f"Alice changes her password on {home}; {home} ends her sessions and deletes her remember-me tokens.")
        if (await alice.who_am_i()).status != 401:
            raise HarnessError(f"{home} still accepts the session that changed the password")
        tell(f"{home} asks her to log in again, with the new password.")
        return await _until_out(thief, clock, version, away, returned, tell)


async def _until_out(
    thief: Browser, clock: Steering, version: Version, away: str, returned: float, tell: Tell
) -> Ending:
    """Asks with the thief's session until it is refused, first in real time, then up the ladder of policy time."""
    thief = thief.carrying(SESSION_COOKIE)
    while (elapsed_s := time.monotonic() - returned) < REAL_PATIENCE_S:
        if (await thief.who_am_i()).status != 200:
            tell(f"The thief's next click on {away} is refused, {elapsed_s * 1000:.0f} ms (real) later.")
            return Ending(version, elapsed_s * 1000, policy=False)
        await asyncio.sleep(POLL_S)
    tell(f"The thief goes on reading on {away}: {version} tells the other nodes nothing.")
    reached_ms = 0
    for rung_ms in LADDER_MS:
        await step(clock, rung_ms - reached_ms)
        reached_ms = rung_ms
        answer = await thief.who_am_i()
        if answer.status != 200:
            tell(f"After {in_words(reached_ms)} (policy) {away} looks the user up again, and the thief is out.")
            return Ending(version, reached_ms, policy=True)
        tell(f"After {in_words(reached_ms)} (policy) the thief is still {answer.username}.")
    raise HarnessError(f"the thief was still in after {in_words(reached_ms)} (policy)")


async def _logged_in(client: aiohttp.ClientSession, url: str) -> Browser:
    browser = Browser(client, url)
    answer = await browser.log_in("alice", "alice")
    if answer.status != 302:
        raise HarnessError(f"alice cannot log in at {url}: status {answer.status}")
    return browser
