"""The nodes behind the balancer: each one's two axes, its counters, and the roster of all. No I/O; time is handed in.

Owned by `app`; `health` and `admin` move the axes, `exchange` counts. `now` is the event loop's clock, in seconds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from loadbalancer.measures import Histogram, Rate
from loadbalancer.policy import ADMISSION, Admission, CheckOutcome, CheckRules, CheckState, Health, Wish
from shared.clock_offset import ClockOffset
from shared.settings import Upstream


@dataclass(frozen=True, slots=True)
class NodeRules:
    """What turns checks and failures into health."""

    checks: CheckRules
    passive_failures: int = 3
    ejection_s: float = 1.0
    ejection_max_s: float = 30.0
    slow_start_s: float = 0.0


@dataclass(slots=True)
class Counters:
    """What one node has done since the balancer knows it."""

    requests: int = 0
    answers: dict[int, int] = field(default_factory=lambda: dict.fromkeys(range(1, 6), 0))
    connects: int = 0
    connect_errors: int = 0
    lost: int = 0
    timeouts: int = 0
    bad_answers: int = 0
    retries: int = 0
    moved_away: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    checks: int = 0
    checks_failed: int = 0
    latency: Histogram = field(default_factory=Histogram)
    rate: Rate = field(default_factory=Rate)

    @property
    def errors(self) -> int:
        return self.connect_errors + self.lost + self.timeouts + self.bad_answers


class Running(Protocol):
    """A request that a node is busy with."""

    def node_down(self) -> None:
        """The checks declared the node down: wait no longer."""
        ...


class Node:
    """One node as the balancer sees it. `admission` is what the truth table says of it right now.

    `listed` is whether whoever names the nodes still names this one; one that is not gets nobody new, as in
    a soft drain.
    """

    def __init__(self, upstream: Upstream, rules: NodeRules, *, now: float) -> None:
        self.upstream = upstream
        self.id = upstream.id
        self.wish = Wish.READY
        self.listed = True
        self.checks = CheckState()
        self.check_words = "not checked yet"
        self.counters = Counters()
        self.running: set[Running] = set()
        self.restarts = 0
        self.clock_offset = ClockOffset()
        self.joined_at_restart = 0
        self.changed_at = now
        self.change_words = "added"
        self.on_change: Callable[[Node, Health, Health], None] = lambda node, old, new: None
        self._rules = rules
        self._last_outcome: CheckOutcome | None = None
        self._was_up = False
        self._failures = 0
        self._ejections = 0
        self._ejected_until = 0.0
        self._slow_since = 0.0
        self.health = Health.UNKNOWN
        self.admission: Admission = ADMISSION[self.health, self.wish]

    @property
    def freshness(self) -> int:
        """How far a rolling restart has come with it: a node that joined later counts as restarted once more than any
        that was there."""
        return self.joined_at_restart + self.restarts

    def weight(self, now: float) -> float:
        """Share of new clients, 1 unless the node starts slowly; never 0, or it would never warm up."""
        slow_start_s = self._rules.slow_start_s
        if self.health is not Health.STARTING or not slow_start_s:
            return 1.0
        return min(1.0, max(0.05, (now - self._slow_since) / slow_start_s))

    def checked(self, outcome: CheckOutcome, words: str, now: float) -> None:
        """An active check came back."""
        if self.wish is Wish.MAINTENANCE:
            return
        before = self.checks.up
        self.checks = self.checks.after(outcome, self._rules.checks)
        self.check_words = words
        self._last_outcome = outcome
        self.counters.checks += 1
        self.counters.checks_failed += outcome is not CheckOutcome.RUNNING
        if self.checks.up and before is False and self._was_up:
            self.restarts += 1
            self._slow_since = now
            self._failures = self._ejections = 0
            self._ejected_until = 0.0  # what the failures told of is over
        self._was_up = self._was_up or bool(self.checks.up)
        self.settle(now, f"check: {words}")

    @property
    def checks_say_stopping(self) -> bool:
        """The last check was an answer, only not RUNNING: such a node finishes what it has."""
        return self._last_outcome is CheckOutcome.NOT_RUNNING

    def answered(self) -> None:
        """The node served a request: its row of failures is over."""
        self._failures = 0

    def failed(self, now: float, *, may_eject: bool) -> None:
        """A request could not be delivered, or its connection broke without an answer."""
        self._failures += 1
        limit = self._rules.passive_failures
        if now - self._ejected_until > self._rules.ejection_max_s:
            self._ejections = 0
        if limit and self._failures >= limit and may_eject and self.admission.bound:
            lasts_s = min(self._rules.ejection_s * 2**self._ejections, self._rules.ejection_max_s)
            self._ejected_until = now + lasts_s
            self._ejections = min(self._ejections + 1, 16)
            self._failures = 0
            self.settle(now, f"ejected for {lasts_s:g} s after {limit} failures in a row")

    def wanted(self, wish: Wish, now: float) -> None:
        """The operator's axis. Coming back from maintenance, the checks start anew: nobody looked meanwhile."""
        if self.wish is Wish.MAINTENANCE and wish is not Wish.MAINTENANCE:
            self.checks = CheckState()
        self.wish = wish
        self.settle(now, f"operator: {wish}")

    def named(self, listed: bool, now: float) -> None:
        """Whoever names the nodes names this one, or does so no longer."""
        if listed is not self.listed:
            self.listed = listed
            self.settle(
                now, "named again" if listed else "no longer named; what is bound to it may stay while it lasts"
            )

    def moved(self, upstream: Upstream, now: float) -> "Node":
        """The same node in another place, usually after a restart: it keeps its history, and is checked anew."""
        node = Node(upstream, self._rules, now=now)
        node.counters = self.counters
        node.restarts = self.restarts
        node.joined_at_restart = self.joined_at_restart
        node.wish = self.wish
        node.change_words = f"moved to {upstream.host}:{upstream.port}"
        node._was_up = self._was_up
        if node._was_up:
            node.checks = CheckState(up=False)
        node.settle(now, node.change_words)
        return node

    def settle(self, now: float, why: str = "time") -> None:
        """Brings health and admission in line with checks, wish and time."""
        old, self.health = self.health, self._health(now)
        if old is Health.EJECTED and self.health is Health.UP:
            self._failures = 0
        leaving = not self.listed and self.wish is Wish.READY
        admission = ADMISSION[self.health, Wish.SOFT_DRAIN if leaving else self.wish]
        if old is not self.health or admission != self.admission:
            self.admission = admission
            self.changed_at, self.change_words = now, why
            self.on_change(self, old, self.health)

    def _health(self, now: float) -> Health:
        if self.checks.up is None:
            return Health.UNKNOWN
        if not self.checks.up:
            return Health.DOWN
        if now < self._ejected_until:
            return Health.EJECTED
        if now - self._slow_since < self._rules.slow_start_s and self.restarts:
            return Health.STARTING
        return Health.UP


class Roster:
    """All nodes by id, in the order they were added, and those that still have requests from before they went."""

    def __init__(self) -> None:
        self._nodes: dict[str, Node] = {}
        self._finishing: list[Node] = []

    def __iter__(self) -> Iterator[Node]:
        return iter(self._nodes.values())

    def __len__(self) -> int:
        return len(self._nodes)

    def get(self, node_id: str | None) -> Node | None:
        return self._nodes.get(node_id) if node_id is not None else None

    @property
    def in_flight(self) -> int:
        """Requests that nodes are busy with, also those taken out or moved meanwhile: whoever waits for quiet must not
        be told of it too soon."""
        self._finishing = [node for node in self._finishing if node.running]
        return sum(len(node.running) for node in (*self._nodes.values(), *self._finishing))

    def put(self, node: Node) -> None:
        self._let_finish(self._nodes.get(node.id))
        self._nodes[node.id] = node

    def remove(self, node_id: str) -> Node | None:
        node = self._nodes.pop(node_id, None)
        self._let_finish(node)
        return node

    def others_serve(self, node: Node) -> bool:
        """The panic rule's question: is anybody left if this node is ejected?"""
        return any(one.admission.new for one in self if one is not node)

    def _let_finish(self, node: Node | None) -> None:
        self._finishing = [one for one in (*self._finishing, node) if one is not None and one.running]
