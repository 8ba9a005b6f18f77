"""What the balancer may do: with a node in some state, with a request that failed. Pure tables and functions.

A node stands on two independent axes, as in HAProxy: what the checks say of it, and what the operator wants of it.

    checks \\ operator   READY        SOFT_DRAIN   HARD_DRAIN   MAINTENANCE
    UP                  new, bound   bound        -            -
    STARTING            new, bound   bound        -            -              (slow start: a growing share)
    EJECTED             -            -            -            -              (failures in a row; for a time)
    DOWN                -            -            -            -
    UNKNOWN             -            -            -            -              (not checked yet)

What already runs on a node is never touched by a drain; `shutdown_sessions` cuts it when the checks say DOWN, and
maintenance cuts nothing but stops the checks.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from loadbalancer.head import IDEMPOTENT
from shared.contract import RouteReason


class Health(StrEnum):
    """The axis of the checks, active and passive."""

    UNKNOWN = "unknown"
    STARTING = "starting"
    UP = "up"
    EJECTED = "ejected"
    DOWN = "down"


class Wish(StrEnum):
    """The axis of the operator."""

    READY = "ready"
    SOFT_DRAIN = "soft-drain"
    HARD_DRAIN = "hard-drain"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Admission:
    """Whom a node may serve: clients bound to nobody, clients bound to it."""

    new: bool
    bound: bool


_NOBODY = Admission(new=False, bound=False)
_ANSWERS = frozenset({Health.UP, Health.STARTING})
_WISHED = {
    Wish.READY: Admission(new=True, bound=True),
    Wish.SOFT_DRAIN: Admission(new=False, bound=True),
    Wish.HARD_DRAIN: _NOBODY,
    Wish.MAINTENANCE: _NOBODY,
}
ADMISSION = {(health, wish): _WISHED[wish] if health in _ANSWERS else _NOBODY for health in Health for wish in Wish}
"""The truth table above, every cell of it."""


def reason_to_leave(health: Health, wish: Wish) -> RouteReason:
    """Why a client bound to a node that may not serve it is sent elsewhere: operator's wish, or failure."""
    by_wish = health in _ANSWERS and wish is not Wish.READY
    return RouteReason.DRAINED if by_wish or wish is Wish.MAINTENANCE else RouteReason.REDISPATCHED


class Verdict(Enum):
    """What happens to a request after an attempt failed."""

    SAME_NODE = auto()  # once more, there, on a connection of its own
    OTHER_NODE = auto()
    GIVE_UP = auto()  # the client gets an explicit 502 or 504
    CUT = auto()  # part of an answer is out: only a broken connection can say that it is not whole


@dataclass(frozen=True, slots=True)
class Attempt:
    """How far a failed attempt had come.

    `written`: a byte of the request may have reached the node. `reused`: the connection had carried an earlier request,
    so its end may be an idle limit that ran out rather than a failure; that proves nothing about execution.
    """

    method: bytes
    written: bool
    answered: bool
    replayable: bool
    reused: bool
    timed_out: bool
    retries_left: int
    budget_left: bool


def after_failure(attempt: Attempt) -> Verdict:
    """The retry rule (reference: load-balancer.md 1.3): never twice what may have been executed and must not be."""
    if attempt.answered:
        return Verdict.CUT
    if attempt.retries_left <= 0 or not attempt.replayable:
        return Verdict.GIVE_UP
    if not attempt.written:
        return Verdict.OTHER_NODE
    if attempt.method not in IDEMPOTENT or attempt.timed_out or not attempt.budget_left:
        return Verdict.GIVE_UP
    return Verdict.SAME_NODE if attempt.reused else Verdict.OTHER_NODE


def needs_sure_connection(method: bytes) -> bool:
    """A request that must not be repeated is worth a look whether the node has closed the connection it would use."""
    return method not in IDEMPOTENT


@dataclass(frozen=True, slots=True)
class CheckRules:
    """How many checks in a row change a node's health."""

    fall: int
    rise: int


class CheckOutcome(Enum):
    """What one check found. A node that says it is not running is believed at once; silence needs `fall` checks."""

    RUNNING = auto()
    NOT_RUNNING = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class CheckState:
    """What the checks of one node add up to. `streak` counts outcomes in a row that contradict `up`."""

    up: bool | None = None
    streak: int = 0

    def after(self, outcome: CheckOutcome, rules: CheckRules) -> "CheckState":
        if self.up is None:  # the first check decides alone, so that a balancer is useful as soon as it starts
            return CheckState(outcome is CheckOutcome.RUNNING)
        if outcome is CheckOutcome.NOT_RUNNING:
            return CheckState(False)
        if (outcome is CheckOutcome.RUNNING) == self.up:
            return CheckState(self.up)
        streak = self.streak + 1
        needed = rules.fall if self.up else rules.rise
        return CheckState(not self.up) if streak >= needed else CheckState(self.up, streak)


class RetryBudget:
    """A bucket of retries: each request puts a share of one in, each retry takes one out."""

    def __init__(self, *, share: float, burst: int) -> None:
        self._share = share
        self._burst = float(burst)
        self._left = float(burst)

    def earn(self) -> None:
        if self._left < self._burst:
            self._left += self._share

    @property
    def left(self) -> bool:
        return self._left >= 1

    def spend(self) -> None:
        self._left -= 1
