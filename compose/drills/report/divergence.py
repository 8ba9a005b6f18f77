"""Where twins part: the first operation, in the order in which people decide, of which something else came.

Twins have the same seed, so the nth thing somebody does is the same in both, until something else came of an earlier
one. Operations are therefore compared by person and by how many he had made before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from compose.drills.history.history import Operation
from compose.drills.report.variant import Variant


@dataclass(frozen=True)
class Divergence:
    """`position` counts operations in the order of the first variant, from 1. `same_decision` is False when somebody
    did something else although all before was equal: then the twins never were twins."""

    left: Variant
    right: Variant
    person: str
    position: int
    ours: Operation
    theirs: Operation
    same_decision: bool

    @property
    def words(self) -> str:
        """Both sides in one sentence."""
        return (
            f"{self.person}, operation {self.ours.number}. {self.left.name}: {self.left.seen[self.ours].value}; "
            f"{self.right.name}: {self.right.seen[self.theirs].value}"
        )


@dataclass(frozen=True)
class Comparison:
    """`first` is None when nothing else came of any of the `compared` operations. What only one of both came
    to, because it lasted longer, is not compared."""

    left: Variant
    right: Variant
    compared: int
    first: Divergence | None


def compare_all(variants: Sequence[Variant]) -> list[Comparison]:
    """The first variant with each other one of the same seed."""
    first = variants[0] if variants else None
    return [
        _compare(first, other) for other in variants[1:] if first is not None and other.opened.seed == first.opened.seed
    ]


def _compare(left: Variant, right: Variant) -> Comparison:
    theirs = dict(_in_order(right))
    compared = 0
    for position, (key, ours) in enumerate(_in_order(left), start=1):
        other = theirs.get(key)
        if other is None:
            continue
        compared += 1
        same_decision = _decision(ours) == _decision(other)
        if not same_decision or left.seen[ours] != right.seen[other]:
            return Comparison(
                left, right, compared, Divergence(left, right, key[0], position, ours, other, same_decision)
            )
    return Comparison(left, right, compared, None)


def _in_order(variant: Variant) -> list[tuple[tuple[str, int], Operation]]:
    counts: dict[str, int] = {}
    found = []
    for operation in variant.history.operations:
        name = operation.user
        counts[name] = counts.get(name, 0) + 1
        found.append(((name, counts[name]), operation))
    return found


def _decision(operation: Operation) -> tuple[object, ...]:
    invoke = operation.invoke
    return invoke.kind, invoke.method, invoke.path, invoke.action, invoke.victim
