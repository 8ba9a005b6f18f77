"""A history as checkers and reports see it: operations whole, everything else sorted by what it is about."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from compose.drills.history.records import (
    ClockChange,
    ClockReading,
    Closed,
    Completion,
    FaultChange,
    FaultPhase,
    Invoke,
    Mark,
    NodeChange,
    NodeCondition,
    Opened,
    OpKind,
    Outcome,
    Reading,
    Receipt,
    Record,
    Said,
)
from shared.contract import KnownVia
from shared.errors import OperatorError

NS_PER_MS = 1_000_000
NEVER_NS = 1 << 62
"""Later than any run."""
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Operation:
    """One request from its sending to what came of it. `completion` is None when the run ended before that."""

    invoke: Invoke
    completion: Completion | None = None

    @property
    def number(self) -> int:
        return self.invoke.op

    @property
    def user(self) -> str:
        return self.invoke.user

    @property
    def kind(self) -> OpKind:
        return self.invoke.kind

    @property
    def started_ns(self) -> int:
        return self.invoke.real_ns

    @property
    def ended_ns(self) -> int:
        """NEVER_NS while nobody knows its end."""
        return NEVER_NS if self.completion is None else self.completion.real_ns

    @property
    def outcome(self) -> Outcome:
        return Outcome.INFO if self.completion is None else self.completion.outcome

    @property
    def node(self) -> str | None:
        return None if self.completion is None else self.completion.node

    @property
    def place(self) -> str | None:
        """The node that answered; where none did, the one it was for: that it was sent to, or that its route names."""
        return self.node or self.invoke.pinned_to or self.invoke.bound_to

    @property
    def known_via(self) -> KnownVia:
        return KnownVia.NOBODY if self.completion is None else self.completion.known_via

    @property
    def status(self) -> int | None:
        return None if self.completion is None else self.completion.status

    @property
    def latency_ms(self) -> float | None:
        """Real, from the intended sending; None without an answer."""
        if self.completion is None or self.outcome is not Outcome.OK:
            return None
        return (self.completion.real_ns - self.invoke.intended_ns) / NS_PER_MS

    @property
    def is_answered_by_node(self) -> bool:
        """A node said who it took the asker for: anything but an error of its own."""
        answer = self.completion
        return (
            answer is not None
            and answer.outcome is Outcome.OK
            and answer.node is not None
            and answer.status is not None
            and answer.status < 500
        )

    @property
    def is_let_in(self) -> bool:
        """Served as a user known by session or remember-me cookie, not by a password shown with the request."""
        return self.is_answered_by_node and self.known_via in (KnownVia.SESSION, KnownVia.REMEMBER_ME)

    @property
    def is_failed(self) -> bool:
        """The asker got no proper answer: nobody's, the balancer's own, or a 5xx."""
        if self.completion is None or self.outcome is not Outcome.OK:
            return True
        return self.completion.balancer_error is not None or (self.status or 0) >= 500

    @property
    def is_asked_to_log_in(self) -> bool:
        """Somebody who had logged in before is nobody now: he is thrown out. Logins and logouts do not count."""
        return (
            self.kind in (OpKind.BROWSE, OpKind.WRITE)
            and self.is_answered_by_node
            and self.known_via is KnownVia.NOBODY
            and self.invoke.login_op is not None
        )


@dataclass(frozen=True, slots=True)
class FaultBand:
    """One fault from beginning to end. `healed` is None for a fault that nobody healed."""

    fault: str
    kind: str
    target: str
    injecting: FaultChange
    confirmed: FaultChange | None
    healed: FaultChange | None

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed is not None

    @property
    def starts_ns(self) -> int:
        """From when on it is in force."""
        return (self.confirmed or self.injecting).real_ns

    @property
    def ends_ns(self) -> int:
        return NEVER_NS if self.healed is None else self.healed.real_ns


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of real time, both ends included."""

    starts_ns: int = 0
    ends_ns: int = NEVER_NS

    def __contains__(self, real_ns: int) -> bool:
        return self.starts_ns <= real_ns <= self.ends_ns

    def both(self, other: "Window") -> "Window":
        return Window(max(self.starts_ns, other.starts_ns), min(self.ends_ns, other.ends_ns))


class History:
    """All records of one variant. Immutable once read; everything derived is computed once."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records: Sequence[Record] = tuple(records)

    @cached_property
    def opened(self) -> Opened:
        """Raises OperatorError for a history that does not say what it is of."""
        found = self._all(Opened)
        if not found:
            raise OperatorError("this history has no beginning: no record says what was run")
        return found[0]

    @cached_property
    def is_complete(self) -> bool:
        """Was it seen to its end, and not interrupted?"""
        return any(not record.interrupted for record in self._all(Closed))

    @cached_property
    def ends_ns(self) -> int:
        return max((record.real_ns for record in self.records), default=0)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """In the order they were sent."""
        completions = {record.op: record for record in self._all(Completion)}
        return tuple(Operation(record, completions.get(record.op)) for record in self._all(Invoke))

    @cached_property
    def by_user(self) -> dict[str, tuple[Operation, ...]]:
        """Each user's operations in the order he sent them. A person does one thing after the other."""
        found: dict[str, list[Operation]] = defaultdict(list)
        for operation in self.operations:
            found[operation.user].append(operation)
        return {user: tuple(operations) for user, operations in found.items()}

    @cached_property
    def by_number(self) -> dict[int, Operation]:
        return {operation.number: operation for operation in self.operations}

    @cached_property
    def receipts(self) -> tuple[Receipt, ...]:
        return self._all(Receipt)

    @cached_property
    def node_changes(self) -> tuple[NodeChange, ...]:
        return self._all(NodeChange)

    @cached_property
    def clock_changes(self) -> tuple[ClockChange, ...]:
        return self._all(ClockChange)

    @cached_property
    def clock_readings(self) -> tuple[ClockReading, ...]:
        return self._all(ClockReading)

    @cached_property
    def marks(self) -> tuple[Mark, ...]:
        return self._all(Mark)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return self._all(Reading)

    @cached_property
    def said(self) -> tuple[Said, ...]:
        return self._all(Said)

    @cached_property
    def faults(self) -> tuple[FaultBand, ...]:
        """In the order they were injected. A name that was used twice, or for two targets, has two bands."""
        bands: list[FaultBand] = []
        running: dict[tuple[str, str], list[FaultChange]] = {}
        for change in self._all(FaultChange):
            which = change.fault, change.target
            if change.phase is FaultPhase.INJECTING:
                running[which] = [change]
            elif which in running:
                running[which].append(change)
                if change.phase is FaultPhase.HEALED:
                    bands.append(_band(running.pop(which)))
        bands += [_band(changes) for changes in running.values()]
        return tuple(sorted(bands, key=lambda band: band.injecting.real_ns))

    @cached_property
    def node_ends(self) -> dict[str, tuple[int, ...]]:
        """When each node's memory was lost, in real ns."""
        ends: dict[str, list[int]] = defaultdict(list)
        for change in self.node_changes:
            if change.condition is NodeCondition.DOWN:
                ends[change.node].append(change.real_ns)
        return {node: tuple(instants) for node, instants in ends.items()}

    def first_mark(self, name: str) -> Mark | None:
        return next((mark for mark in self.marks if mark.name == name), None)

    def policy_at(self, real_ns: int) -> int:
        """Policy time at that instant of the run, as the harness knew it."""
        changes = self._anchors
        at = bisect_right([change[0] for change in changes], real_ns) - 1
        since_ns, policy_ms, rate = changes[max(0, at)]
        return policy_ms + int((real_ns - since_ns) * rate) // NS_PER_MS

    @cached_property
    def _anchors(self) -> list[tuple[int, int, float]]:
        opened = self.opened
        return [
            (opened.real_ns, opened.policy_ms, 0.0),
            *((change.real_ns, change.policy_ms, change.rate) for change in self.clock_changes),
        ]

    def _all(self, kind: type[_R]) -> tuple[_R, ...]:
        return tuple(record for record in self.records if isinstance(record, kind))

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)


def _band(changes: Sequence[FaultChange]) -> FaultBand:
    def first(phase: FaultPhase) -> FaultChange | None:
        return next((change for change in changes if change.phase is phase), None)

    injecting = changes[0]
    return FaultBand(
        injecting.fault,
        injecting.kind,
        injecting.target,
        injecting,
        first(FaultPhase.CONFIRMED),
        first(FaultPhase.HEALED),
    )
