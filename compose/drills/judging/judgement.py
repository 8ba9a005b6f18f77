"""What was judged of a run: verdicts with their evidence, numbers, and why each person was logged out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from compose.drills.finding import Finding, Measure
from compose.drills.logout import Logout
from compose.drills.verdict import Verdict

__all__ = ["Judgement", "Logout", "VariantJudgement", "Verdicted"]


@dataclass(frozen=True, slots=True)
class Verdicted:
    """One expectation, threshold or guard. `as_found` is the verdict before `demonstrates` was applied; `sentence` is
    the expectation in words, `window` the stretch of the run that was looked at."""

    id: str
    sentence: str
    because: str | None
    verdict: Verdict
    as_found: Verdict
    demonstrates: bool
    finding: Finding
    window: str


@dataclass(frozen=True)
class VariantJudgement:
    """`guards` are the checks that always run: history complete, faults confirmed and hit, and so on."""

    variant: str
    verdict: Verdict
    expectations: tuple[Verdicted, ...] = ()
    thresholds: tuple[Verdicted, ...] = ()
    guards: tuple[Verdicted, ...] = ()
    metrics: Mapping[str, Measure] = field(default_factory=dict)
    logouts: tuple[Logout, ...] = ()


@dataclass(frozen=True)
class Judgement:
    """Of the whole run. `answer` is the one line the report opens with; `problems` are what kept it from being
    better."""

    verdict: Verdict
    variants: tuple[VariantJudgement, ...]
    answer: str
    problems: tuple[str, ...] = ()
