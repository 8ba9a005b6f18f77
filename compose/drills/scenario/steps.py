"""`method` and `rollbacks`: what is done to the cluster and to its people, step by step.

A step has one key that says what it is, and may have a `name`. When a step with a name begins, a mark of that name is
set; `NAME:end` when it is over.
"""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from compose.drills.scenario.model import Duration, Name, Part, Policy, Real, UserName, real
from shared.settings import VersionField


class ActKind(StrEnum):
    """What an administrator, or a user himself, does. The first six are the invalidating actions of Atlassian's table
    and deactivation."""

    ADMIN_PASSWORD = "admin-password"
    OWN_PASSWORD = "own-password"
    ANONYMIZE = "anonymize"
    DELETE_USER = "delete-user"
    REST_END_SESSION = "rest-end-session"
    DEACTIVATE = "deactivate"
    CLEAR_TOKENS = "clear-tokens"
    CLEAR_ALL_TOKENS = "clear-all-tokens"
    LOGOUT = "logout"
    START_UPGRADE = "start-upgrade"
    APPROVE_UPGRADE = "approve-upgrade"
    CANCEL_UPGRADE = "cancel-upgrade"


NEEDS_USER = frozenset(ActKind) - {
    ActKind.CLEAR_ALL_TOKENS,
    ActKind.START_UPGRADE,
    ActKind.APPROVE_UPGRADE,
    ActKind.CANCEL_UPGRADE,
}


class Act(Part):
    """`via` is the node the call goes to; without it the balancer chooses. It may fail when `may-fail` is true. With
    `group` it is done to each of a group, one after the other in a seeded order, spread evenly `over` policy time."""

    act: ActKind
    user: UserName | None = Field(None, description="whom it is done to, or who does it himself")
    group: Name | None = Field(None, description="everybody of this group, instead of one user")
    over: Policy | None = None
    via: str | None = None
    may_fail: bool = False

    @model_validator(mode="after")
    def _one_or_all(self) -> Self:
        if self.user is not None and self.group is not None:
            raise ValueError("an act is done to a user or to a group, not to both")
        if self.over is not None and self.group is None:
            raise ValueError("over spreads what is done to a group; give a group")
        return self


class FaultStep(Part):
    """`inject` a kind of fault into `target`, remembered `as` a name (default: the kind); or `clear` one by name, or
    `all`. Further keys are the fault's own settings."""

    model_config = ConfigDict(extra="allow")

    inject: str | None = None
    target: str | list[str] | None = Field(
        None, description="a node (node-2), a link (node-2->redis), one, all, or a share such as 50%"
    )
    as_: Name | None = Field(None, alias="as")
    clear: str | None = Field(None, max_length=60, description="the name of a fault that is open, or all")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.inject is None) == (self.clear is None):
            raise ValueError("a fault step either injects a fault or clears one")
        if self.clear is not None and (self.target or self.as_ or self.settings):
            raise ValueError("to clear a fault its name is enough")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class NodeDo(StrEnum):
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    UPGRADE = "upgrade"
    DRAIN = "drain"
    UNDRAIN = "undrain"
    MAINTENANCE = "maintenance"


class DrainMode(StrEnum):
    """SOFT: new people go elsewhere, who is bound stays. HARD: nobody goes there any more. NONE: no drain."""

    SOFT = "soft"
    HARD = "hard"
    NONE = "none"


class NodeStep(Part):
    """An operator's ordinary handling of nodes; nothing here is a fault."""

    do: NodeDo
    target: str | list[str]
    to: VersionField | None = Field(None, description="the version, for upgrade and start")
    mode: DrainMode = DrainMode.SOFT


class Drain(Part):
    """Before a node is stopped: `until` nobody is bound to it any more, or `at-most` so long."""

    mode: DrainMode = DrainMode.NONE
    until: Literal["empty", "time"] = "empty"
    at_most: Duration = real("10s")


class Order(StrEnum):
    STOP_FIRST = "stop-first"
    START_FIRST = "start-first"


class FailureAction(StrEnum):
    PAUSE = "pause"
    CONTINUE = "continue"
    ROLLBACK = "rollback"


class Rolling(Part):
    """The words are those of Docker Swarm's update_config. With START_FIRST a new node joins before an old one goes.
    `everyone-returns`: while each batch is gone everybody makes one request; a list names the groups that do."""

    parallelism: int = Field(1, ge=1)
    order: Order = Order.STOP_FIRST
    drain: Drain = Drain()
    delay: Real = Field(real("0s"), description="between two batches")
    monitor: Real = Field(real("0s"), description="watched after each batch; a node that dies then counts as failed")
    failure_action: FailureAction = FailureAction.PAUSE
    max_failure_ratio: float = Field(0.0, ge=0, le=1)
    min_available: int = Field(1, ge=0, description="nodes that always take people; a batch waits for it")
    everyone_returns: bool | list[Name] = False
    nodes: list[str] | None = Field(None, description="in this order; default: all, by name")


class RollingUpgrade(Rolling):
    to: VersionField


class Advance(Part):
    """Lets policy time pass, `by` a duration in steps of `step` (default: one jump), or to the `next` deadline of
    anybody's session, Crowd entry or token. Groups with a rhythm in policy time act after each step."""

    by: Policy | None = None
    step: Policy | None = None
    next: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.by is None) == (self.next is None):
            raise ValueError("time passes either by a duration or to the next deadline")
        if self.step is not None and (self.by is None or self.step.ms <= 0 or self.step.ms > self.by.ms):
            raise ValueError("step divides by; it is longer than nothing and not longer than by")
        return self


class Everyone(Part):
    """Each person of the group, or of `all`, acts once, now, in a seeded order, at most `at-once` at the same time."""

    group: Name
    at_once: int = Field(16, ge=1, le=256)
    times: int = Field(1, ge=1, le=100)


class WaitUntil(Part):
    """A probe shows what is wanted, `within` so much real time; else the run cannot be judged (unknown)."""

    probe: str
    where: dict[str, str] = Field(default_factory=dict)
    equals: float | str | None = None
    at_most: float | None = None
    at_least: float | None = None
    within: Real = real("10s")

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        if (self.equals, self.at_most, self.at_least) == (None, None, None):
            raise ValueError("say what is waited for: equals, at-most or at-least")
        return self


class Repeat(Part):
    times: int = Field(ge=1, le=1000)
    steps: list["Step"] = Field(min_length=1)


class Step(Part):
    """One step. Exactly one key besides `name`, `id`, `mark` and `when` says what it is. `id` is for variants to
    override, `when` names the variants it is done in."""

    name: str | None = Field(None, max_length=120)
    id: Name | None = None
    mark: Name | None = Field(None, description="a mark at its end, or a step of its own")
    when: list[Name] | None = None

    say: str | None = None
    do: Act | None = None
    fault: FaultStep | None = None
    node: NodeStep | None = None
    rolling_restart: Rolling | None = None
    rolling_upgrade: RollingUpgrade | None = None
    advance: Advance | None = None
    rate: float | None = Field(None, ge=0, le=3600, description="policy seconds per real second from now on; 0 pauses")
    everyone: Everyone | None = None
    hold: Real | None = Field(None, description="lets the traffic go on for so long")
    wait_until: WaitUntil | None = None
    parallel: list["Step"] | None = Field(None, min_length=1)
    repeat: Repeat | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        given = self.kinds()
        if len(given) > 1:
            raise ValueError(f"a step is one thing; this one is {' and '.join(given)}")
        if not given and self.mark is None:
            raise ValueError(f"a step says what it does: one of {', '.join(STEP_KEYS)}, mark")
        return self

    def kinds(self) -> list[str]:
        return [key for key in STEP_KEYS if getattr(self, key.replace("-", "_")) is not None]

    @property
    def kind(self) -> str:
        return next(iter(self.kinds()), "mark")


STEP_KEYS = (
    "say",
    "do",
    "fault",
    "node",
    "rolling-restart",
    "rolling-upgrade",
    "advance",
    "rate",
    "everyone",
    "hold",
    "wait-until",
    "parallel",
    "repeat",
)
