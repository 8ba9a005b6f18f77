"""What a checker found: a verdict, one sentence, the operations that prove it, and numbers with their unit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from compose.drills.verdict import Verdict


class Unit(StrEnum):
    """Every duration says its clock; nothing else has one."""

    POLICY_MS = "policy ms"
    REAL_MS = "real ms"
    COUNT = "count"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Measure:
    """A number and what it counts. `value` None: there was nothing to measure."""

    value: float | None
    unit: Unit = Unit.COUNT


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece: a sentence a person can check, the operations it speaks of, and when in the run."""

    text: str
    operations: tuple[int, ...] = ()
    real_ns: int | None = None
    user: str | None = None
    node: str | None = None


@dataclass(frozen=True)
class Finding:
    """`checked` counts what was judged: with 0 the verdict cannot be PASS. `evidence` is bounded by whoever made it;
    `evidence_total` says how much there was."""

    verdict: Verdict
    summary: str
    checked: int = 0
    evidence: tuple[Evidence, ...] = ()
    evidence_total: int = 0
    measures: Mapping[str, Measure] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verdict is Verdict.PASS and self.checked == 0:
            raise ValueError(f"{self.summary!r} passes though nothing was judged")
