"""What every metric is: a unit, and a pure function from a scope to a number. Its docstring says what it means."""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from compose.drills.case.scope import Scope
from compose.drills.finding import Measure, Unit

Number = Callable[[Scope], float | None]


@dataclass(frozen=True)
class Metric:
    """`of` returns None where there was nothing to measure."""

    unit: Unit
    of: Number

    @property
    def meaning(self) -> str:
        return " ".join((inspect.getdoc(self.of) or "").split())

    def measure(self, scope: Scope) -> Measure:
        return Measure(self.of(scope), self.unit)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The nearest rank: the smallest value that so many percent are not above. None of no values."""
    if not values:
        return None
    ranked = sorted(values)
    return ranked[max(1, math.ceil(len(ranked) * percent / 100)) - 1]
