"""What can be read of a running cluster from outside, by name. Looking changes nothing: no login, no session.

Each probe says its unit in its docstring. Adding one: a coroutine function with a docstring, and its entry in PROBES.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from compose.cluster.admin_client import Refused, Silent
from compose.cluster.handle import NodeHandle
from compose.cluster.processes import ProcessState
from compose.drills.availability import sessions_left, taking
from compose.drills.history.records import Reading
from compose.drills.scene import Scene
from compose.nearest import unknown_word
from shared.accounts import SEED_KEYS
from shared.errors import DcsimError, HarnessError, OperatorError

Value = float | str
Where = Mapping[str, str]
Probe = Callable[[Scene, Where], Awaitable[Value]]

LOOK_LIMIT_S = 1.0
"""Real seconds after which who was asked counts as silent: a probe is read again and again while others work."""
DATABASE_LIMIT_S = 2.0
"""The same for what a node has to ask its database."""
DOWN, SILENT = "DOWN", "SILENT"
NO_HEARTBEAT, GONE = "NO HEARTBEAT", "GONE"


class Unreadable(HarnessError):
    """A probe cannot be read now; the message says who did not answer what."""


async def read(scene: Scene, probe: str, where: Where) -> Reading:
    """One reading, not yet written. One that could not be taken has no value and says why.

    Raises OperatorError for a probe there is not, and for a `where` it does not understand.
    """
    recorder = scene.recorder
    if (wrong := where_problem(probe, where)) is not None:
        raise OperatorError(wrong)
    value: Value | None = None
    error: str | None = None
    try:
        value = await PROBES[probe](scene, where)
    except OperatorError:
        raise
    except (DcsimError, KeyError) as problem:
        error = f"{probe} cannot be read: {problem}"
    return Reading(recorder.real_ns(), recorder.policy_ms(), probe, value, dict(where), error)


async def nodes_state(scene: Scene, where: Where) -> Value:
    """A word: the state of a node, RUNNING or STARTING for instance, DOWN when its process has ended and SILENT when it
    does not answer. Without a node: the state of all, or each one's if they differ."""
    nodes = _nodes(scene, where)
    states = await asyncio.gather(*(_state(scene, node) for node in nodes))
    if len(set(states)) == 1:
        return states[0]
    return ", ".join(f"{node.id} {state}" for node, state in zip(nodes, states, strict=True))


async def nodes_up(scene: Scene, _where: Where) -> Value:
    """A count: nodes the balancer sends new people to."""
    return float(len(await taking(scene)))


async def sessions(scene: Scene, where: Where) -> Value:
    """A count: clients the balancer has bound to a node, or to all of them."""
    counts = [await sessions_left(scene, node.id) for node in _nodes(scene, where)]
    return float(sum(counts))


async def web_sessions(scene: Scene, where: Where) -> Value:
    """A count: web sessions in a node's memory, logged in or not, or in that of all nodes that are up."""
    return float(sum(status["web_sessions"] for status in await _statuses(scene, where)))


async def crowd_entries(scene: Scene, where: Where) -> Value:
    """A count: Crowd entries in a node's memory, also those that have run out and were not swept yet."""
    return float(sum(status["crowd_entries"] for status in await _statuses(scene, where)))


async def remember_me_count(scene: Scene, where: Where) -> Value:
    """A count: rows of `remembermetoken`, of a user or of everybody."""
    user = where.get("user")
    try:
        return float((await _ask_any(scene, "remember-me", user))["count"])
    except Refused as error:
        if error.status != 404 or user not in SEED_KEYS:
            raise
    try:  # deleted or renamed: his tokens go by his key, which stays
        return float((await _ask_any(scene, "remember-me", SEED_KEYS[user]))["count"])
    except Refused as error:
        if error.status != 404:
            raise
        return 0.0


async def captcha_due(scene: Scene, where: Where) -> Value:
    """A count: users who must solve a CAPTCHA at their next login, or whether this one must (1 or 0)."""
    return float((await _ask_any(scene, "captcha-due", where.get("user")))["count"])


async def caches_divergent(scene: Scene, where: Where) -> Value:
    """A count: web sessions and Crowd entries, in a node or in all that are up, that are older than the database has
    their user. Those a node would ask about before it honours them are not counted."""
    calls = [
        _answer(scene.cluster.client.inspect(node.operator_url, "divergent", limit_s=DATABASE_LIMIT_S))
        for node in _there(scene, where)
    ]
    answers = await asyncio.gather(*calls)
    return float(sum(answer["web_sessions"] + answer["crowd"] for answer in answers))


async def undelivered(scene: Scene, where: Where) -> Value:
    """A count: messages that wait for a node in the queues of the others, or for all nodes. 0 with a delivery that
    queues nothing."""
    wanted = where.get("node")
    waiting = 0
    for status in await _statuses(scene, {}, silent_is_error=False):
        for node_id, queue in status["undelivered"].items():
            waiting += queue["count"] if wanted in (None, node_id) else 0
    return float(waiting)


async def fenced(scene: Scene, where: Where) -> Value:
    """A count: nodes whose lease has run out, so that they ask the database at each request."""
    return float(sum(bool(status["fenced"]) for status in await _statuses(scene, where)))


async def cluster_quiescent(scene: Scene, _where: Where) -> Value:
    """1 when nothing is under way: no request in flight, nothing due undone, no message undelivered, every node caught
    up and none fenced; else 0. Nodes that are down are nobody."""
    nodes = _there(scene, {})
    client = scene.cluster.client
    clocks = await asyncio.gather(*(_answer(client.clock(node.operator_url, limit_s=LOOK_LIMIT_S)) for node in nodes))
    statuses = await _statuses(scene, {})
    is_quiet = (
        all(clock.quiescent for clock in clocks)
        and not any(status["fenced"] or status["lag"] for status in statuses)
        and not any(queue["count"] for status in statuses for queue in status["undelivered"].values())
    )
    return 1.0 if is_quiet else 0.0


async def zdu_state(scene: Scene, _where: Where) -> Value:
    """A word: the state of the zero-downtime upgrade, as `rest/api/2/cluster/zdu/state` has it: STABLE, MIXED, ..."""
    return str((await _ask_any(scene, "cluster"))["upgrade"])


async def node_db_state(scene: Scene, where: Where) -> Value:
    """A word: what the cluster's table has of a node: ACTIVE, NO HEARTBEAT (ACTIVE and not alive), OFFLINE, or GONE
    when there is no such row."""
    node_id = where["node"]
    rows = (await _ask_any(scene, "cluster"))["nodes"]
    row = next((row for row in rows if row["node"] == node_id), None)
    if row is None:
        return GONE
    return NO_HEARTBEAT if row["state"] == "ACTIVE" and not row["alive"] else str(row["state"])


PROBES: Mapping[str, Probe] = {
    "nodes.state": nodes_state,
    "nodes.up": nodes_up,
    "sessions": sessions,
    "web-sessions": web_sessions,
    "crowd-entries": crowd_entries,
    "remember-me.count": remember_me_count,
    "captcha.due": captcha_due,
    "caches.divergent": caches_divergent,
    "undelivered": undelivered,
    "fenced": fenced,
    "cluster.quiescent": cluster_quiescent,
    "zdu.state": zdu_state,
    "node.db-state": node_db_state,
}
WHERE: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(PROBES, frozenset({"node"})),
    **dict.fromkeys(("remember-me.count", "captcha.due"), frozenset({"user"})),
    **dict.fromkeys(("nodes.up", "cluster.quiescent", "zdu.state"), frozenset()),
}
"""By what each probe can be limited."""
OF_ONE_NODE = frozenset({"node.db-state"})


def where_problem(probe: str, where: Where) -> str | None:
    """Why no cluster could answer that."""
    if probe not in PROBES:
        return unknown_word(probe[:60], PROBES, kind="probe")
    if odd := set(where) - WHERE[probe]:
        by = ", ".join(WHERE[probe]) or "nothing"
        return f"{probe} can be limited by {by}, not by {', '.join(sorted(odd))}"
    if probe in OF_ONE_NODE and "node" not in where:
        return f"{probe} is of one node: where: {{node: node-3}}"
    return None


def _nodes(scene: Scene, where: Where) -> list[NodeHandle]:
    return [scene.cluster.node(where["node"])] if "node" in where else list(scene.cluster.nodes.values())


def _there(scene: Scene, where: Where) -> list[NodeHandle]:
    """Raises Unreadable when none of them runs."""
    found = [node for node in _nodes(scene, where) if node.process.state is not ProcessState.DOWN]
    if not found:
        raise Unreadable(f"{where.get('node', 'every node')} is down")
    return found


async def _statuses(scene: Scene, where: Where, *, silent_is_error: bool = True) -> list[dict[str, Any]]:
    client = scene.cluster.client
    calls = [client.status(node.operator_url, limit_s=LOOK_LIMIT_S) for node in _there(scene, where)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    found = []
    for answer in answers:
        if isinstance(answer, dict):
            found.append(answer)
        elif silent_is_error or not isinstance(answer, Silent):
            raise answer
    return found


async def _ask_any(scene: Scene, what: str, user: str | None = None) -> dict[str, Any]:
    """It is the database that is asked, so any node will do: those that run first, then those that stand still. Raises
    Unreadable when nobody can say, Refused for what was asked wrongly."""
    problems = []
    for node in sorted(_there(scene, {}), key=lambda node: node.process.state is not ProcessState.UP):
        try:
            params = {} if user is None else {"user": user}
            return await scene.cluster.client.inspect(node.operator_url, what, limit_s=DATABASE_LIMIT_S, **params)
        except Silent as error:
            problems.append(str(error))
        except Refused as error:
            if error.status != 503:
                raise
            problems.append(str(error))
    raise Unreadable(f"no node can say: {problems[0]}")


async def _answer(call: Awaitable[Any]) -> Any:
    try:
        return await call
    except Silent as error:
        raise Unreadable(str(error)) from error


async def _state(scene: Scene, node: NodeHandle) -> str:
    if node.process.state is ProcessState.DOWN:
        return DOWN
    try:
        return str((await scene.cluster.client.status(node.operator_url, limit_s=LOOK_LIMIT_S))["state"])
    except Silent:
        return SILENT
