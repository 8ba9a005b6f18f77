"""What lies behind the swim lanes: faults in force, marks, jumps of policy time, nodes that were not up. Each is a part
of the width with a label, and no label covers another."""

from collections.abc import Sequence
from dataclasses import dataclass

from compose.drills.history.history import NEVER_NS
from compose.drills.history.records import NodeCondition
from compose.drills.report.timeline import Timeline
from compose.drills.report.variant import Variant

_CHARACTER_PERCENT = 0.72
"""The width of a letter in a lane of 900 px."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the width. `kind` chooses how it is filled, `line` which line of the head its label is on."""

    percent: float
    width: float
    kind: str
    label: str
    words: str
    line: int = 0
    label_at_end: bool = False


def states(variant: Variant, node: str) -> list[Stretch]:
    """Where the node was anything but up."""
    changes = [change for change in variant.history.node_changes if change.node == node]
    stretches = []
    for at, change in enumerate(changes):
        end_ns = changes[at + 1].real_ns if at + 1 < len(changes) else variant.history.ends_ns
        if change.condition is not NodeCondition.UP:
            words = f"{node} is {change.condition.value} ({change.cause})" if change.cause else change.condition.value
            stretches.append(
                _stretch(
                    variant.timeline, change.real_ns, end_ns, change.condition.value, change.condition.value, words
                )
            )
    return stretches


def faults(variant: Variant) -> list[Stretch]:
    timeline, found = variant.timeline, []
    for band in variant.history.faults:
        ends_ns = variant.history.ends_ns if band.ends_ns == NEVER_NS else band.ends_ns
        seen = band.confirmed.detail if band.confirmed else "never seen from outside to be in force"
        healed = "" if band.healed else ", never healed"
        words = (
            f"{band.fault}: {band.kind} on {band.target}, from {timeline.both(band.starts_ns)}"
            f" to {timeline.both(ends_ns)}{healed}. Seen: {seen or 'in force'}"
        )
        kind = "fault" if band.is_confirmed else "fault unconfirmed"
        label = f"{band.fault} ({band.target})" + ("" if band.is_confirmed else ", unconfirmed")
        found.append(_stretch(timeline, band.starts_ns, ends_ns, kind, label, words))
    return _on_lines(found, most=4)


def marks(variant: Variant) -> list[Stretch]:
    """Beginnings only: the end of a step is where the next one begins, or says nothing."""
    timeline = variant.timeline
    found = [
        Stretch(timeline.percent(mark.real_ns), 0, "mark", mark.name, f"{mark.name}: {timeline.both(mark.real_ns)}")
        for mark in variant.history.marks
        if not mark.name.endswith(":end")
    ]
    return _on_lines(found, most=3)


def jumps(timeline: Timeline) -> list[Stretch]:
    found = [
        _stretch(
            timeline,
            jump.starts_ns,
            jump.ends_ns,
            "jump",
            jump.words,
            f"policy time jumps {jump.words} at {jump.starts_ns / 1e9:.3f} s (real)",
        )
        for jump in timeline.merged_jumps()
    ]
    return _on_lines(found, most=2)


def _stretch(timeline: Timeline, starts_ns: int, ends_ns: int, kind: str, label: str, words: str) -> Stretch:
    start, end = timeline.percent(starts_ns), timeline.percent(ends_ns)
    return Stretch(start, round(max(end - start, 0.05), 3), kind, label, words)


def _on_lines(stretches: Sequence[Stretch], *, most: int) -> list[Stretch]:
    """Puts labels on lines so that none covers another; those for which there is no room lose theirs."""
    free = [0.0] * most
    placed = []
    for one in stretches:
        width = max(1.5, len(one.label) * _CHARACTER_PERCENT)
        at_end = one.percent + width > 100
        start = max(0.0, one.percent + one.width - width) if at_end else one.percent
        line = next((line for line in range(most) if free[line] <= start), None)
        if line is not None:
            free[line] = start + width
        label = one.label if line is not None else ""
        placed.append(Stretch(one.percent, one.width, one.kind, label, one.words, line or 0, at_end))
    return placed
