"""Swim lanes: a row for each node and each of the people worst off, real time to the right. Here only where what
stands; `templates/lanes.html` draws it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from compose.drills.history.history import Operation
from compose.drills.report import stretches
from compose.drills.report.seen import ORDINARY, Came
from compose.drills.report.stretches import Stretch
from compose.drills.report.timeline import AxisMark
from compose.drills.report.variant import Variant

SHOWN_PEOPLE = 24
MARKS = 4000
"""Operations with a mark of their own on the whole page. If there are more, ordinary ones are plain ticks; if there are
still more, so are the others, and the page says so. What is linked to always has its mark."""
FINE = 20_000
"""Plain ticks stand on a grid of so many columns, so that thousands at one place are one."""
NODE_HEIGHT, PERSON_HEIGHT, HEAD_LINE = 34, 24, 16


@dataclass(frozen=True, slots=True)
class Dot:
    """One operation with a mark of its own. `anchor` is the id that links go to."""

    percent: float
    came: Came
    words: str
    anchor: str


@dataclass
class Row:
    """`ticks` are SVG paths on a grid of FINE columns, one for each thing that can come of an operation."""

    label: str
    kind: str
    height: int
    top: int
    id: str
    biography: str | None = None
    ticks: dict[Came, str] = field(default_factory=dict)
    dots: list[Dot] = field(default_factory=list)
    states: list[Stretch] = field(default_factory=list)


@dataclass(frozen=True)
class Lanes:
    variant: str
    prefix: str
    rows: list[Row]
    faults: list[Stretch]
    marks: list[Stretch]
    jumps: list[Stretch]
    axis: list[AxisMark]
    head: int
    marks_top: int
    height: int
    left_out: int
    """Notable operations that have no mark of their own for want of room."""
    others: int
    """People who share one row."""


def lay_out(
    variant: Variant, worst: Sequence[str], *, biographies: Mapping[str, str], linked: frozenset[int], budget: int
) -> Lanes:
    """`worst` is everybody of the run, the worst off first; `biographies` are ids by person, `linked` the operations
    that something else on the page points to, `budget` how many may have marks of their own."""
    timeline = variant.timeline
    faults = stretches.faults(variant)
    marks = stretches.marks(variant)
    fault_lines = 1 + max((stretch.line for stretch in faults), default=-1)
    mark_lines = 1 + max((stretch.line for stretch in marks), default=-1)
    head = HEAD_LINE * (fault_lines + mark_lines) + 6
    shown = worst[:SHOWN_PEOPLE] if len(worst) > SHOWN_PEOPLE + 1 else worst
    rows = _Rows(variant, head, biographies, linked, _marked(variant, shown, linked, budget))
    for node in variant.nodes:
        rows.add_node(node)
    for name in shown:
        rows.add_person(name)
    others = [name for name in worst[len(shown) :] if name in variant.people.by_name]
    if others:
        rows.add_others(others)
    rows.add_staff()
    return Lanes(
        variant.name,
        variant.prefix,
        rows.rows,
        faults,
        marks,
        stretches.jumps(timeline),
        timeline.axis(),
        head,
        HEAD_LINE * fault_lines,
        rows.top,
        rows.left_out,
        len(others),
    )


def _marked(variant: Variant, shown: Sequence[str], linked: frozenset[int], budget: int) -> frozenset[int]:
    """The operations of the people shown that have marks of their own: all if there is room, else the notable ones,
    the earliest first."""
    people = variant.people.by_name
    operations = [operation for name in shown if name in people for operation in people[name].operations]
    if len(operations) > budget:
        operations = [operation for operation in operations if variant.seen[operation] not in ORDINARY]
    numbers = sorted(operation.number for operation in operations)
    return frozenset(numbers[:budget]) | linked


class _Rows:
    """Builds rows from the top down. An operation's mark is on the row of its person, or of all the others."""

    def __init__(
        self, variant: Variant, top: int, biographies: Mapping[str, str], linked: frozenset[int], marked: frozenset[int]
    ) -> None:
        self.rows: list[Row] = []
        self.top = top
        self.left_out = 0
        self._variant = variant
        self._biographies = biographies
        self._linked = linked
        self._marked = marked

    def add_node(self, node: str) -> None:
        row = self._row(node, "node", NODE_HEIGHT)
        answered = [operation for operation in self._variant.history.operations if operation.node == node]
        row.ticks = self._ticks(answered)
        row.states = stretches.states(self._variant, node)

    def add_person(self, name: str) -> None:
        person = self._variant.people.by_name.get(name)
        row = self._row(name, "person", PERSON_HEIGHT)
        row.biography = self._biographies.get(name)
        if person is not None:
            self._fill(row, person.operations)

    def add_others(self, names: Sequence[str]) -> None:
        row = self._row(f"{len(names)} others", "others", NODE_HEIGHT)
        people = self._variant.people.by_name
        operations = [operation for name in names for operation in people[name].operations]
        self._fill(row, sorted(operations, key=lambda operation: operation.started_ns), marked=self._linked)

    def add_staff(self) -> None:
        """Who only acts on others: administrators."""
        named = {
            operation.number for person in self._variant.people.by_name.values() for operation in person.operations
        }
        operations = [operation for operation in self._variant.history.operations if operation.number not in named]
        if operations:
            notable = frozenset(one.number for one in operations if self._variant.seen[one] not in ORDINARY)
            self._fill(self._row("administrators", "staff", PERSON_HEIGHT), operations, marked=notable | self._linked)

    def _row(self, label: str, kind: str, height: int) -> Row:
        row = Row(label, kind, height, self.top, f"{self._variant.prefix}-row{len(self.rows)}")
        self.rows.append(row)
        self.top += height
        return row

    def _fill(self, row: Row, operations: Sequence[Operation], *, marked: frozenset[int] | None = None) -> None:
        with_mark = self._marked if marked is None else marked
        plain = [operation for operation in operations if operation.number not in with_mark]
        row.dots = [self._dot(operation) for operation in operations if operation.number in with_mark]
        row.ticks = self._ticks(plain)
        if marked is None:
            self.left_out += sum(self._variant.seen[operation] not in ORDINARY for operation in plain)

    def _dot(self, operation: Operation) -> Dot:
        variant = self._variant
        return Dot(
            variant.timeline.percent(operation.started_ns),
            variant.seen[operation],
            variant.describe(operation),
            variant.anchor(operation.number),
        )

    def _ticks(self, operations: Iterable[Operation]) -> dict[Came, str]:
        columns: dict[Came, set[int]] = {}
        for operation in operations:
            at = int(self._variant.timeline.percent(operation.started_ns) * FINE / 100)
            columns.setdefault(self._variant.seen[operation], set()).add(at)
        return {came: "".join(f"M{at} 0v1" for at in sorted(columns[came])) for came in Came if came in columns}
