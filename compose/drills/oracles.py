"""What arithmetic says must come out, so that the simulator can be held against it (`of: oracle.rolling-restart`).

Closed forms, and when they hold: every user comes back between two nodes, everybody is spread evenly, nodes go one at a
time. An oracle that does not hold for a drill has no number, and what is held against it is unknown.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from compose.drills.finding import Measure, Unit
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.steps import Order, Rolling, Step
from compose.nearest import unknown_word
from shared.errors import OperatorError
from shared.settings import Delivery, Placement


def forced_logins_naive(nodes: int) -> float:
    """Who loses his node gets any of the others, so those that go later catch many for a second time."""
    return (nodes - 1) / nodes * ((nodes / (nodes - 1)) ** nodes - 1)


def forced_logins_restarted_first(nodes: int) -> float:
    """Only who was on the first node has to go to one that is still to come."""
    return 1 + 1 / nodes


def forced_logins_start_first() -> float:
    """A new node is there before an old one goes, and whoever was moved to a new one stays."""
    return 1.0


def rolling_restart(drill: Drill) -> float | None:
    """Forced logins per user of a rolling restart, nodes one at a time (count). Who ticked remember-me has none."""
    rolling = next(_rollings(drill.method), None)
    nodes = drill.cluster.nodes.count
    if rolling is None or rolling.parallelism != 1 or nodes < 2:
        return None
    return _without_remember_me(drill) * _per_user(rolling, drill.cluster.balancer.placement, nodes)


def staleness_mean(drill: Drill) -> float | None:
    """Mean stale window before 9.11, Crowd entries being of any age alike (policy ms): half their lifetime."""
    return drill.cluster.crowd.ttl.ms / 2


def staleness_max(drill: Drill) -> float | None:
    """Longest stale window before 9.11 (policy ms): the lifetime of a Crowd entry."""
    return drill.cluster.crowd.ttl.ms


def crash_detection_min(drill: Drill) -> float | None:
    """Fastest detection by health checks (real ms): the crash comes just before the first of them."""
    health = drill.cluster.balancer.health
    return (health.fall - 1) * health.interval.ms


def crash_detection_mean(drill: Drill) -> float | None:
    """Mean detection by health checks (real ms)."""
    health = drill.cluster.balancer.health
    return (health.fall - 0.5) * health.interval.ms


def crash_detection_max(drill: Drill) -> float | None:
    """Slowest detection by health checks (real ms): the crash comes just after one, and the last has to time out."""
    health = drill.cluster.balancer.health
    return health.fall * health.interval.ms + health.timeout.ms


def lost_share(drill: Drill) -> float | None:
    """Share of invalidations that a node cut off the bus never hears of (ratio): all of them by pub/sub, none of them
    by queue or fenced. Told locally only, other nodes hear of none."""
    return 1.0 if drill.cluster.delivery in (Delivery.PUBSUB, Delivery.LOCAL) else 0.0


@dataclass(frozen=True)
class Oracle:
    """`of` is None where the closed form does not hold."""

    unit: Unit
    of: Callable[[Drill], float | None]

    @property
    def meaning(self) -> str:
        return " ".join((inspect.getdoc(self.of) or "").split())

    def measure(self, drill: Drill) -> Measure:
        return Measure(self.of(drill), self.unit)


ORACLES: Mapping[str, Oracle] = {
    "oracle.rolling-restart": Oracle(Unit.COUNT, rolling_restart),
    "oracle.staleness-mean": Oracle(Unit.POLICY_MS, staleness_mean),
    "oracle.staleness-max": Oracle(Unit.POLICY_MS, staleness_max),
    "oracle.crash-detection-min": Oracle(Unit.REAL_MS, crash_detection_min),
    "oracle.crash-detection-mean": Oracle(Unit.REAL_MS, crash_detection_mean),
    "oracle.crash-detection-max": Oracle(Unit.REAL_MS, crash_detection_max),
    "oracle.lost-share": Oracle(Unit.RATIO, lost_share),
}


def oracle(name: str) -> Oracle:
    """Raises OperatorError for a name there is not, with the nearest right word."""
    found = ORACLES.get(name)
    if found is None:
        raise OperatorError(unknown_word(name, list(ORACLES), kind="oracle"))
    return found


def _per_user(rolling: Rolling, placement: Placement, nodes: int) -> float:
    if rolling.order is Order.START_FIRST:
        return forced_logins_start_first()
    if placement is Placement.PREFER_RESTARTED:
        return forced_logins_restarted_first(nodes)
    return forced_logins_naive(nodes)


def _without_remember_me(drill: Drill) -> float:
    """Share of the people who did not tick the box."""
    people = sum(group.users for group in drill.traffic.values())
    ticked = sum(round(group.users * group.remember_me) for group in drill.traffic.values())
    return 1 - ticked / people if people else 1.0


def _rollings(steps: Iterable[Step]) -> Iterator[Rolling]:
    for step in steps:
        for rolling in (step.rolling_restart, step.rolling_upgrade):
            if rolling is not None:
                yield rolling
        yield from _rollings(step.parallel or ())
        if step.repeat is not None:
            yield from _rollings(step.repeat.steps)
