"""The message diagram: one panel for each invalidation, a line for each node, real time since the commit to the right.

What arrived is an arrow to where and when it was carried out; what was fenced, queued, told or never sent is drawn as
that, so that a node which knows nothing is not mistaken for one that was quick.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from statistics import median

from compose.drills.history.records import Receipt
from compose.drills.report.variant import Variant
from shared.actions import Action

PANELS = 6
ARRIVES = ("applied", "fenced")
MEANINGS = {
    "applied": "the node has said that it carried it out",
    "fenced": "the node's lease is over: it asks the database on each request until it has caught up",
    "queued": "it waits in a queue and is delivered when the node can be reached",
    "told": "a message went out, and nobody knows whether it arrived",
    "not told": "nothing was sent: this version does not tell other nodes",
    "lost": "a message went out and is known to be lost",
}
_LINE = 34


@dataclass(frozen=True, slots=True)
class Arrow:
    """To one node. `percent` is where it ends; `arrives` is False for what nobody saw arrive."""

    node: str
    outcome: str
    key: str
    arrives: bool
    percent: float
    y: int
    label: str
    words: str


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    words: str
    origin: str
    origin_y: int
    arrows: tuple[Arrow, ...]
    lines: tuple[tuple[str, int], ...]
    height: int
    ticks: tuple[tuple[float, str], ...]
    operation: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """All invalidations of a variant, for one node and outcome."""

    node: str
    outcome: str
    count: int
    median_ms: float | None
    max_ms: float | None


@dataclass(frozen=True)
class Messages:
    variant: str
    prefix: str
    panels: list[Panel]
    total: int
    summary: list[Told]


def lay_out(variant: Variant) -> Messages:
    receipts = variant.history.receipts
    shown = sorted(sorted(receipts, key=_trouble)[:PANELS], key=lambda receipt: receipt.real_ns)
    panels = [_panel(variant, receipt) for receipt in shown]
    return Messages(variant.name, variant.prefix, panels, len(receipts), _summary(variant, receipts))


def _trouble(receipt: Receipt) -> tuple[int, int]:
    """Those first that not every node carried out; among equals the earliest."""
    missed = sum(outcome != "applied" for outcome, _ in receipt.nodes.values())
    return -missed, receipt.real_ns


def _panel(variant: Variant, receipt: Receipt) -> Panel:
    nodes = list(dict.fromkeys([*variant.nodes, *receipt.nodes]))
    lines = tuple((node, 26 + _LINE * at) for at, node in enumerate(nodes))
    y_of = dict(lines)
    longest = max([receipt.waited_ms, *(ms for outcome, ms in receipt.nodes.values() if outcome in ARRIVES), 1.0])
    origin_y = y_of.setdefault(receipt.origin, 26)
    arrows = tuple(_arrow(receipt, node, y_of[node], longest) for node in receipt.nodes if node in y_of)
    whom = receipt.user or "everybody"
    commit_ns = receipt.real_ns - int(receipt.waited_ms * 1e6)
    words = (
        f"carried out by {receipt.origin} at {variant.timeline.both(commit_ns)}; "
        f"committed in {receipt.commit_ms:.1f} ms (real), then waited {receipt.waited_ms:.1f} ms (real) for the others"
    )
    height = 26 + _LINE * len(lines) + 12
    return Panel(
        f"{_sentence(receipt.action)}: {whom}",
        words,
        receipt.origin,
        origin_y,
        arrows,
        lines,
        height,
        _ticks(longest),
        receipt.op,
    )


def _arrow(receipt: Receipt, node: str, y: int, longest_ms: float) -> Arrow:
    outcome, ms = receipt.nodes[node]
    arrives = outcome in ARRIVES
    percent = _percent(ms, longest_ms) if arrives else 88.0
    label = f"{outcome} {ms:.1f} ms" if arrives else outcome
    clock = f" after {ms:.2f} ms (real)" if arrives else ""
    meaning = MEANINGS.get(outcome, "")
    words = f"{receipt.origin} to {node}: {outcome}{clock}" + (f"; {meaning}" if meaning else "")
    return Arrow(node, outcome, outcome.replace(" ", "-"), arrives, percent, y, label, words)


def _ticks(longest_ms: float) -> tuple[tuple[float, str], ...]:
    """Round numbers of milliseconds, at most six."""
    power = 10.0 ** floor(log10(longest_ms / 5))
    step = next(power * part for part in (1, 2, 5, 10) if longest_ms / (power * part) <= 5)
    return tuple((_percent(at * step, longest_ms), f"{at * step:g} ms") for at in range(int(longest_ms / step) + 1))


def _percent(ms: float, longest_ms: float) -> float:
    return round(18 + 60 * ms / longest_ms, 2)


def _sentence(action: str) -> str:
    return Action(action).sentence if action in list(Action) else action


def _summary(variant: Variant, receipts: Sequence[Receipt]) -> list[Told]:
    counts: Counter[tuple[str, str]] = Counter()
    times: dict[tuple[str, str], list[float]] = {}
    for receipt in receipts:
        for node, (outcome, ms) in receipt.nodes.items():
            counts[node, outcome] += 1
            if outcome in ARRIVES:
                times.setdefault((node, outcome), []).append(ms)
    order = {node: at for at, node in enumerate(variant.nodes)}
    return [
        Told(node, outcome, count, *_spread(times.get((node, outcome))))
        for (node, outcome), count in sorted(counts.items(), key=lambda item: (order.get(item[0][0], 99), item[0]))
    ]


def _spread(times: list[float] | None) -> tuple[float | None, float | None]:
    return (median(times), max(times)) if times else (None, None)
