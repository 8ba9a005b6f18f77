"""Measures the matrix on one running cluster.

For every action a victim of its own logs in on every node, with the remember-me box ticked. Policy time stands still,
so that all Crowd entries have the same age. The action is performed on the first node. From then on each node is asked
with the victim's JSESSIONID until it refuses: first in real time, with policy time still standing, and what has not
refused by then while policy time is stepped up a ladder.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp

from compose.cluster.steering import Steering
from compose.matrix.result import CellResult, Clock, MatrixResult, Observation, StatusCheck
from compose.people.administrator import Administrator, change_own_password
from compose.people.browser import Answer, Browser, open_client
from shared.accounts import SEED_USERS
from shared.actions import MATRIX_ACTIONS, Action, Cell, Reach, expected
from shared.contract import REMEMBER_ME_COOKIE, SESSION_COOKIE
from shared.errors import HarnessError
from shared.versions import Version

REAL_PATIENCE_S = 1.0
"""Real time a node gets to refuse "at once". Pub/sub takes milliseconds; the bound is generous for busy machines."""
POLL_S = 0.004
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
LADDER_MS = (
    MINUTE_MS,
    5 * MINUTE_MS,
    10 * MINUTE_MS,
    15 * MINUTE_MS - 1,
    15 * MINUTE_MS,
    30 * MINUTE_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
)
"""Policy time since the action at which nodes are asked again. The two rungs around fifteen minutes show the edge."""

Say = Callable[[str], None]


@dataclass(slots=True)
class Victim:
    """Somebody whose sessions are about to be voided: one browser a node."""

    action: Action
    username: str
    user_key: str
    browsers: dict[str, Browser]
    status: int = 0
    observations: dict[str, Observation] = field(default_factory=dict)

    @property
    def password(self) -> str:
        return f"{self.username}-secret"


async def measure(nodes: Mapping[str, str], clock: Steering, version: Version, *, say: Say) -> MatrixResult:
    """All cells of one version, and the documented statuses of the REST action. `nodes` are URLs by node id, the
    acting node first; `say` is told of each phase.

    Raises HarnessError when the cluster does not even let people in, or does not follow its clock.
    """
    acting = next(iter(nodes))
    await clock.pause()
    async with open_client() as client:
        boss = SEED_USERS[0]
        admin = await Administrator.log_in(client, nodes[acting], boss.username, boss.password)
        say(f"{version}: {len(MATRIX_ACTIONS)} people log in on {len(nodes)} nodes")
        victims = [await _prepare(client, nodes, admin, action) for action in MATRIX_ACTIONS]
        say(f"{version}: each action once, on {acting}")
        await asyncio.gather(*(_act(admin, victim, acting) for victim in victims))
        performed = [victim for victim in victims if victim.status < 400]
        say(f"{version}: policy time passes for those who are still in")
        await _climb(clock, performed)
        statuses = await _statuses(client, nodes[acting], version)
    cells = [_cell(victim, version, reach, acting) for victim in victims for reach in Reach]
    return MatrixResult(tuple(cells), statuses)


async def _prepare(
    client: aiohttp.ClientSession, nodes: Mapping[str, str], admin: Administrator, action: Action
) -> Victim:
    username = f"matrix-{action}"
    victim = Victim(action, username, "", {node: Browser(client, url) for node, url in nodes.items()})
    victim.user_key = await admin.create_user(username, victim.password)
    for node, browser in victim.browsers.items():
        await browser.log_in(username, victim.password, remember=True)
        answer = await browser.who_am_i()
        if answer.status != 200 or answer.node != node:
            raise HarnessError(f"{username} cannot log in on {node}: status {answer.status} from {answer.node}")
    return victim


async def _act(admin: Administrator, victim: Victim, acting: str) -> None:
    """Performs the action, then asks every node at once, again and again, until it refuses or patience ends."""
    new_password = f"{victim.password}-new"
    if victim.action is Action.OWN_PASSWORD:
        answer = await change_own_password(victim.browsers[acting], victim.password, new_password)
    else:
        answer = await admin.perform(victim.action, victim.username, victim.user_key, new_password=new_password)
    victim.status = answer.status
    if answer.status >= 400:
        return
    returned = time.monotonic()
    observed = await asyncio.gather(*(_watch(node, b, returned) for node, b in victim.browsers.items()))
    victim.observations = {observation.node: observation for observation in observed}


async def _watch(node: str, browser: Browser, returned: float) -> Observation:
    """With the session cookie alone until refused; then, once, with the remember-me cookie alone."""
    with_session = browser.carrying(SESSION_COOKIE)
    refusal: Answer | None = None
    after_ms: float | None = None
    while time.monotonic() - returned < REAL_PATIENCE_S:
        answer = await with_session.who_am_i()
        if answer.status != 200:
            refusal, after_ms = answer, (time.monotonic() - returned) * 1000
            break
        await asyncio.sleep(POLL_S)
    walk_in = await browser.carrying(REMEMBER_ME_COOKIE).who_am_i()
    return Observation(
        node=node,
        after_ms=after_ms,
        clock=Clock.REAL,
        accepted_until_ms=0,
        session_ended=refusal.session_ended if refusal else None,
        remember_me_walks_in=walk_in.status == 200,
    )


async def _climb(clock: Steering, victims: Sequence[Victim]) -> None:
    """Steps policy time until every node has refused every victim, or the ladder ends."""
    reached_ms = 0
    for rung_ms in LADDER_MS:
        still_in = [(victim, node) for victim in victims for node, o in victim.observations.items() if not _refused(o)]
        if not still_in:
            return
        await step(clock, rung_ms - reached_ms)
        reached_ms = rung_ms
        await asyncio.gather(*(_ask_again(victim, node, reached_ms) for victim, node in still_in))


async def step(clock: Steering, by_ms: int) -> None:
    """Lets policy time pass. Raises HarnessError naming whoever did not follow: nothing it says would be evidence."""
    steered = await clock.step(by_ms=by_ms)
    if steered.late:
        raise HarnessError(f"late for the clock: {', '.join(steered.late)}; what they answer now says nothing")


def _refused(observation: Observation) -> bool:
    return observation.after_ms is not None


async def _ask_again(victim: Victim, node: str, policy_ms: int) -> None:
    before = victim.observations[node]
    answer = await victim.browsers[node].carrying(SESSION_COOKIE).who_am_i()
    refused = answer.status != 200
    victim.observations[node] = Observation(
        node=node,
        after_ms=policy_ms if refused else None,
        clock=Clock.POLICY,
        accepted_until_ms=before.accepted_until_ms if refused else policy_ms,
        session_ended=answer.session_ended if refused else None,
        remember_me_walks_in=before.remember_me_walks_in,
    )


def _cell(victim: Victim, version: Version, reach: Reach, acting: str) -> CellResult:
    """A cell says yes when every node of that reach refused at once, no when every one of them did not."""
    seen = tuple(o for node, o in victim.observations.items() if (node == acting) == (reach is Reach.LOCAL))
    if not seen:
        measured = Cell.NOT_AVAILABLE
    else:
        measured = Cell.YES if all(observation.at_once for observation in seen) else Cell.NO
    return CellResult(
        victim.action, version, reach, expected(victim.action, version, reach), measured, victim.status, seen
    )


async def _statuses(client: aiohttp.ClientSession, url: str, version: Version) -> tuple[StatusCheck, ...]:
    """The REST action as everybody may call it: an administrator, nobody, somebody else, and for an unknown user."""
    boss, somebody, target = SEED_USERS[0], SEED_USERS[3], SEED_USERS[2]
    there = version.has_rest_end_session
    cases = (
        ("an administrator", boss, target.username, 200),
        ("nobody", None, target.username, 401),
        ("a user without the right", somebody, target.username, 403),
        ("an administrator, unknown user", boss, "nobody-of-that-name", 404),
    )
    checks = []
    for caller, account, username, documented in cases:
        browser = Browser(client, url)
        if account is not None:
            await browser.log_in(account.username, account.password)
        answer = await browser.request("DELETE", f"/rest/api/2/user/session/{username}")
        checks.append(StatusCheck(version, caller, documented if there else 404, answer.status, not answer.body))
    return tuple(checks)
