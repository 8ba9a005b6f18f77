"""The records a history is made of, one JSON line each. The words are Jepsen's where Jepsen has one.

An operation is recorded twice: `Invoke` when it is sent, `Completion` when it is known what came of it. Faults, nodes,
policy time and marks stand in the same file in the same order, so that one reading tells the whole run.

Every record says when on both clocks: `real_ns` since the run began (monotonic), `policy_ms` since the epoch.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from shared.actions import Action
from shared.contract import BalancerError, KnownVia, RouteReason

OPERATORS = "operators"
"""The group under which administrators stand; each act is a browser of its own."""


class OpKind(StrEnum):
    """What somebody does. BROWSE is any request a logged-in person makes; WRITE sends a form that took work to fill in.
    ACT is an administrator's or a user's own invalidating action; LOGIN shows a password."""

    LOGIN = "login"
    BROWSE = "browse"
    WRITE = "write"
    LOGOUT = "logout"
    ACT = "act"


class Outcome(StrEnum):
    """OK: somebody answered, whatever the answer. FAIL: certainly not carried out. INFO: nobody can know."""

    OK = "ok"
    FAIL = "fail"
    INFO = "info"


class FaultPhase(StrEnum):
    """A fault is CONFIRMED when it was seen from outside to be in force; UNCONFIRMED makes every verdict unknown."""

    INJECTING = "injecting"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    HEALED = "healed"


class NodeCondition(StrEnum):
    """A node as the harness knows it, because it made it so."""

    UP = "up"
    DOWN = "down"
    PAUSED = "paused"
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class Opened:
    """The first record: what ran, so that a run can be repeated from it. `variant` is "only" for a drill without
    variants; `command` repeats the run."""

    real_ns: int
    policy_ms: int
    run: str
    drill: str
    title: str
    variant: str
    seed: int
    on: str
    started_utc: str
    nodes: dict[str, str]
    delivery: str
    sticky: str
    limits: dict[str, int | None]
    switches: dict[str, Any]
    command: str


@dataclass(frozen=True, slots=True)
class Invoke:
    """Somebody sends a request. `session` and `token` are short names of what he shows, None for nothing shown: the
    JSESSIONID's hash and the row of the remember-me token. `bound_to` is the node his route names, `pinned_to` the one
    he talks to directly, past the balancer. `login_op` is the login that gave the session shown. `intended_ns` is when
    an open-loop arrival was due; latency counts from there."""

    real_ns: int
    policy_ms: int
    op: int
    user: str
    group: str
    kind: OpKind
    method: str
    path: str
    intended_ns: int
    session: str | None = None
    token: str | None = None
    bound_to: str | None = None
    login_op: int | None = None
    action: Action | None = None
    victim: str | None = None
    pinned_to: str | None = None


@dataclass(frozen=True, slots=True)
class Completion:
    """What came of it. `node` is None when the balancer answered by itself or nobody did; `username` is as whom the
    request was served; `session` and `token` are what the answer gave; `error` says why there was no answer."""

    real_ns: int
    policy_ms: int
    op: int
    outcome: Outcome
    status: int | None = None
    node: str | None = None
    known_via: KnownVia = KnownVia.NOBODY
    username: str | None = None
    session_ended: str | None = None
    login_reason: str | None = None
    denied_reason: str | None = None
    route: RouteReason | None = None
    balancer_error: BalancerError | None = None
    session: str | None = None
    token: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One invalidation as the node that carried it out tells it (`/-/invalidations`), belonging to the act `op`.
    `nodes` has for each node what became of it and after how many real ms; `at_ms` is policy time of the commit."""

    real_ns: int
    policy_ms: int
    op: int | None
    action: str
    user: str | None
    origin: str
    position: int | None
    nodes: dict[str, tuple[str, float]]
    waited_ms: float
    commit_ms: float


@dataclass(frozen=True, slots=True)
class FaultChange:
    """A fault comes or goes. `fault` is its handle, `detail` what was seen from outside, `hits` how often it struck
    (None while nobody counts), `skew_ms` by how much it puts a clock ahead, or below 0 behind."""

    real_ns: int
    policy_ms: int
    fault: str
    kind: str
    target: str
    phase: FaultPhase
    detail: str = ""
    hits: int | None = None
    skew_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NodeChange:
    """A node's condition or version changed; `cause` is the step that did it. `says_version` is what the node itself
    says (None while it cannot be asked), `version` what it was started as. A drain that is `soft` leaves the node to
    those who are bound to it."""

    real_ns: int
    policy_ms: int
    node: str
    condition: NodeCondition
    version: str
    says_version: str | None = None
    cause: str = ""
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ClockChange:
    """Policy time was moved: from `before_ms` to `policy_ms`, and runs at `rate` from here. `late` are the processes
    that did not follow at once."""

    real_ns: int
    policy_ms: int
    before_ms: int
    rate: float
    late: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What one process said policy time is, its skew taken off; None when it did not answer."""

    real_ns: int
    policy_ms: int
    process: str
    says_ms: int | None
    skew_ms: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment with a name. Each named step leaves two: its name at the beginning and `NAME:end`. Phases (`setup`,
    `baseline`, `method`, `rollback`) leave them too."""

    real_ns: int
    policy_ms: int
    name: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A probe was read. `value` is a number or a word; None when it could not be read, and `error` says why."""

    real_ns: int
    policy_ms: int
    probe: str
    value: float | str | None
    where: dict[str, str] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A line for people: the narrator's (`say`), or the harness's own about something unexpected."""

    real_ns: int
    policy_ms: int
    text: str
    is_problem: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The last record. A history without it was cut off; `interrupted` says that somebody ended the run early."""

    real_ns: int
    policy_ms: int
    interrupted: bool = False


Record = (
    Opened
    | Invoke
    | Completion
    | Receipt
    | FaultChange
    | NodeChange
    | ClockChange
    | ClockReading
    | Mark
    | Reading
    | Said
    | Closed
)
