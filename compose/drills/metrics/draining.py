"""Metrics of a drain, from readings of the probe `sessions` (live sessions of a node)."""

from compose.drills.case.scope import Scope
from compose.drills.history.records import NodeChange, NodeCondition, Reading

PROBE = "sessions"


def sessions_left(scope: Scope) -> float | None:
    """Sessions on the drained nodes, or on the node asked for, when they were last looked at (count)."""
    latest: dict[str, float] = {}
    for reading in _readings(scope):
        value = _number(reading)
        if value is not None:
            latest[reading.where.get("node", "")] = value
    return sum(latest.values()) if latest else None


def time_to_empty(scope: Scope) -> float | None:
    """From the beginning of a node's drain until it was first seen without sessions (policy ms), the longest over the
    drained nodes; of one that never was empty, up to the last look."""
    times = [passed for drain in _drains(scope) if (passed := _passed_ms(drain, _readings(scope))) is not None]
    return max(times, default=None)


def _passed_ms(drain: NodeChange, readings: list[Reading]) -> float | None:
    after = [
        reading
        for reading in readings
        if reading.where.get("node") == drain.node and reading.real_ns >= drain.real_ns and reading.value is not None
    ]
    if not after:
        return None
    empty = next((reading for reading in after if _number(reading) == 0), after[-1])
    return empty.policy_ms - drain.policy_ms


def _drains(scope: Scope) -> list[NodeChange]:
    return [
        change
        for change in scope.history.node_changes
        if change.condition is NodeCondition.DRAINING and change.real_ns in scope.window
    ]


def _readings(scope: Scope) -> list[Reading]:
    """Of the node asked for, else of the drained ones, else of all."""
    wanted = {scope.where.node} if scope.where.node else {drain.node for drain in _drains(scope)}
    return [
        reading
        for reading in scope.history.readings
        if reading.probe == PROBE
        and reading.real_ns in scope.window
        and (not wanted or reading.where.get("node") in wanted)
    ]


def _number(reading: Reading) -> float | None:
    try:
        return None if reading.value is None else float(reading.value)
    except ValueError:
        return None
