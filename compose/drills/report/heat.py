"""Who was served where: nodes across, people down; with many people stretches of time down instead."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from compose.drills.history.history import Operation
from compose.drills.report.seen import Came
from compose.drills.report.variant import Variant

MOST_PEOPLE = 40
STRETCHES = 20
NOBODY = "no node"
WORST = (Came.STALE, Came.THROWN_OUT, Came.SILENT, Came.FAILED, Came.UNSEEN)


@dataclass(frozen=True, slots=True)
class Cell:
    """`share` of the hottest cell, 0 to 1; `worst` is the worst that came of one of them."""

    count: int
    share: float
    worst: Came | None
    words: str


@dataclass(frozen=True)
class Heat:
    """`by_time`: the rows are stretches of the run and not people."""

    variant: str
    by_time: bool
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def lay_out(variant: Variant, worst: Sequence[str], *, by_time: bool) -> Heat:
    people = variant.people.by_name
    columns = [*variant.nodes, NOBODY]
    if by_time:
        labels, row_of = _stretches(variant)
    else:
        labels = [name for name in worst if name in people]
        row_of = {operation.number: name for name in labels for operation in people[name].operations}
    cells: dict[tuple[str, str], list[Operation]] = {}
    for operation in variant.history.operations:
        row = row_of.get(operation.number)
        if row is not None:
            cells.setdefault((row, operation.node or NOBODY), []).append(operation)
    hottest = max((len(found) for found in cells.values()), default=1)
    rows = [(row, [_cell(variant, cells.get((row, column), []), hottest) for column in columns]) for row in labels]
    return Heat(variant.name, by_time, columns, rows)


def _stretches(variant: Variant) -> tuple[list[str], dict[int, str]]:
    length_ns = max(variant.history.ends_ns // STRETCHES + 1, 1)
    labels = [f"{at * length_ns / 1e9:.1f}–{(at + 1) * length_ns / 1e9:.1f} s" for at in range(STRETCHES)]
    return labels, {one.number: labels[one.started_ns // length_ns] for one in variant.history.operations}


def _cell(variant: Variant, operations: Sequence[Operation], hottest: int) -> Cell:
    counts = Counter(variant.seen[operation] for operation in operations)
    worst = next((came for came in WORST if counts[came]), None)
    words = ", ".join(f"{came.value} {count}" for came in Came if (count := counts[came])) or "no request"
    return Cell(len(operations), round(len(operations) / hottest, 3), worst, words)
