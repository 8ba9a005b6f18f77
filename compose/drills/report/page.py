"""`report.html`: one file that needs no network. The sections come as data; everything that is text is escaped."""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from compose.drills.report import (
    biographies,
    charts,
    conditions,
    divergence,
    heat,
    lanes,
    measured,
    messages,
    verdicts,
)
from compose.drills.report.people import Fate, worst_first
from compose.drills.report.run import Run, VariantRun
from compose.drills.report.seen import Came
from compose.drills.report.variant import Variant, title_of
from compose.drills.verdict import Verdict
from compose.durations import in_words

STRIP = 1500
"""Marks of people in one strip; a page with more opens slowly and shows nothing more."""


def variants_of(run: Run) -> list[Variant]:
    """Those that were begun, all to one scale."""
    begun = [(index, one) for index, one in enumerate(run.variants) if one.opened is not None]
    starts_ns = min((_first_sent_ns(one) for _, one in begun), default=0)
    ends_ns = max((one.history.ends_ns for _, one in begun), default=1)
    return [Variant(one, index, starts_ns, ends_ns) for index, one in begun]


def _first_sent_ns(variant: VariantRun) -> int:
    """A little before the first operation: until then the cluster was started, and there is nothing to see."""
    operations = variant.history.operations
    before_ns = variant.history.ends_ns // 50
    return max(0, operations[0].started_ns - before_ns) if operations else 0


def render(run: Run, variants: Sequence[Variant]) -> str:
    """The same run gives the same text."""
    worst = worst_first([variant.people for variant in variants])
    told = biographies.write(variants, worst)
    lives = {one.name: one.id for one in told}
    of_name = {variant.name: variant for variant in variants}
    judged = [(one, verdicts.lines_of(one.judgement, of_name.get(one.name), lives)) for one in run.variants]
    comparisons = divergence.compare_all(variants)
    swimming = _lanes(variants, worst, lives, _linked(judged, comparisons))
    sent = [messages.lay_out(variant) for variant in variants]
    script = _static("report.js")
    return (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            facts=run.facts,
            variants=variants,
            style=Markup(_static("report.css")),
            script=Markup(script),
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            judged=judged,
            overview=_overview(run),
            metrics=verdicts.metric_rows([one.judgement for one in run.variants]),
            worst=worst,
            strip=worst[:STRIP],
            comparisons=comparisons,
            lanes=swimming,
            anchors={dot.anchor for lane in swimming for row in lane.rows for dot in row.dots},
            messages=sent,
            meanings=messages.MEANINGS,
            outcomes=[
                outcome
                for outcome in messages.MEANINGS
                if any(one.outcome == outcome for told in sent for one in told.summary)
            ],
            heat=[heat.lay_out(variant, worst, by_time=len(worst) > heat.MOST_PEOPLE) for variant in variants],
            charts=charts.draw(variants) if variants else [],
            totals=[(variant.name, measured.totals_of(variant)) for variant in variants],
            biographies=told,
            conditions=[conditions.conditions_of(variant) for variant in variants],
        )
    )


def _linked(
    judged: Iterable[tuple[VariantRun, Sequence[verdicts.Line]]], comparisons: Iterable[divergence.Comparison]
) -> frozenset[str]:
    """The anchors of all operations that the verdicts and the comparison of twins point to."""
    pieces = (piece for _, lines in judged for line in lines for piece in line.pieces)
    parted = (comparison.first for comparison in comparisons if comparison.first is not None)
    ends = [(one.left.anchor(one.ours.number), one.right.anchor(one.theirs.number)) for one in parted]
    return frozenset(link.anchor for piece in pieces for link in piece.links).union(*ends)


def _lanes(
    variants: Sequence[Variant], worst: Sequence[str], lives: Mapping[str, str], linked: frozenset[str]
) -> list[lanes.Lanes]:
    return [
        lanes.lay_out(
            variant,
            worst,
            biographies=lives,
            linked=frozenset(number for number in variant.history.by_number if variant.anchor(number) in linked),
            budget=lanes.MARKS // len(variants),
        )
        for variant in variants
    ]


def _overview(run: Run) -> list[tuple[str, str, list[tuple[Verdict, bool] | None]]]:
    """Each expectation and threshold of any variant, and its verdict in each, with whether it was violated as the drill
    set out to show; guards as one unless one did not hold."""
    judgements = [one.judgement for one in run.variants]
    guards = [(one.variant, guard) for one in judgements for guard in one.guards]
    held = [guard for _, guard in guards if guard.verdict is Verdict.PASS]
    rows: dict[tuple[str, str], dict[str, tuple[Verdict, bool]]] = {}
    for one in judgements:
        for kind, judged in (("expectation", one.expectations), ("threshold", one.thresholds)):
            for verdicted in judged:
                shown = verdicted.demonstrates and verdicted.verdict is Verdict.PASS
                rows.setdefault((kind, verdicted.id), {})[one.variant] = verdicted.verdict, shown
    for variant, guard in guards:
        count = len({guard.id for guard in held})
        name = guard.id if len(held) < len(guards) else f"{count} guard{'' if count == 1 else 's'}"
        rows.setdefault(("guard", name), {})[variant] = guard.verdict, False
    return [(kind, id_, [found.get(one.name) for one in run.variants]) for (kind, id_), found in rows.items()]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("compose.drills.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    helpers: dict[str, Any] = {"Came": Came, "Fate": Fate, "Verdict": Verdict, "FINE": lanes.FINE}
    environment.globals.update(helpers)
    environment.filters.update({"duration": in_words, "ms": _ms, "title_of": title_of})
    return environment


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"


def _static(name: str) -> str:
    """A file that is put into the page as it is. It is ours, so nothing in it needs escaping."""
    return (resources.files("compose.drills.report") / "templates" / name).read_text(encoding="utf-8")
