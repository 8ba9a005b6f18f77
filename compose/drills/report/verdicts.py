"""The verdict table: each expectation, threshold and guard with what it stands on, every piece linked to the lanes."""

from collections.abc import Sequence
from dataclasses import dataclass

from compose.drills.finding import Evidence, Measure
from compose.drills.judging.comparing import formatted
from compose.drills.judging.judgement import VariantJudgement, Verdicted
from compose.drills.report.variant import Variant
from compose.drills.verdict import Verdict

EVIDENCE = 10
OPERATIONS = 5
NOTHING = "nothing measured"


@dataclass(frozen=True, slots=True)
class Link:
    """To an operation's mark in the lanes. `words` is the operation in one line, `biography` the id of its person's."""

    number: int
    anchor: str
    words: str
    biography: str | None
    person: str


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    when: str
    links: tuple[Link, ...]
    more: int


@dataclass(frozen=True)
class Line:
    """One row. `turned` says that a violation was what the drill set out to show, or that it was missing."""

    kind: str
    one: Verdicted
    measures: tuple[tuple[str, str], ...]
    pieces: tuple[Piece, ...]
    more: int

    @property
    def turned(self) -> str | None:
        if not self.one.demonstrates:
            return None
        if self.one.verdict is Verdict.PASS:
            return "violated, as this drill demonstrates"
        return "this drill demonstrates a violation, and there was none" if self.one.verdict is Verdict.FAIL else None


def lines_of(judgement: VariantJudgement, variant: Variant | None, biographies: dict[str, str]) -> list[Line]:
    """`variant` is None for one that was never begun; `biographies` has the id for each person who has one."""
    kinds = (
        ("expectation", judgement.expectations),
        ("threshold", judgement.thresholds),
        ("guard", judgement.guards),
    )
    return [_line(kind, one, variant, biographies) for kind, judged in kinds for one in judged]


def _line(kind: str, one: Verdicted, variant: Variant | None, biographies: dict[str, str]) -> Line:
    finding = one.finding
    shown = finding.evidence[:EVIDENCE]
    return Line(
        kind,
        one,
        tuple((name, measured(value)) for name, value in finding.measures.items()),
        tuple(_piece(evidence, variant, biographies) for evidence in shown),
        max(finding.evidence_total, len(finding.evidence)) - len(shown),
    )


def _piece(evidence: Evidence, variant: Variant | None, biographies: dict[str, str]) -> Piece:
    if variant is None:
        return Piece(evidence.text, "", (), 0)
    known = [number for number in evidence.operations if number in variant.history.by_number]
    when = "" if evidence.real_ns is None else _when(evidence, evidence.real_ns, variant)
    links = tuple(_link(number, variant, biographies) for number in known[:OPERATIONS])
    return Piece(evidence.text, when, links, len(known) - len(links))


def _when(evidence: Evidence, real_ns: int, variant: Variant) -> str:
    """On both clocks, unless the sentence has policy time already."""
    policy = variant.timeline.policy(variant.timeline.policy_ms(real_ns))
    return f"{real_ns / 1e9:.3f} s (real)" if policy in evidence.text else variant.timeline.both(real_ns)


def _link(number: int, variant: Variant, biographies: dict[str, str]) -> Link:
    operation = variant.history.by_number[number]
    return Link(
        number, variant.anchor(number), variant.describe(operation), biographies.get(operation.user), operation.user
    )


def measured(measure: Measure | None) -> str:
    """A number with its unit, durations with their clock, as the verdicts have it."""
    return NOTHING if measure is None or measure.value is None else formatted(measure)


def metric_rows(judgements: Sequence[VariantJudgement]) -> list[tuple[str, list[str]]]:
    """Each metric that any variant has a number for, and what it was in each."""
    names = sorted({name for judgement in judgements for name in judgement.metrics})
    rows = [(name, [measured(judgement.metrics.get(name)) for judgement in judgements]) for name in names]
    return [(name, values) for name, values in rows if set(values) != {NOTHING}]
