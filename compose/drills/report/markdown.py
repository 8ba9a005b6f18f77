"""`summary.md`: what fits into a comment of a review. Question, answer, verdicts, people, and how to repeat it."""

import re
from collections.abc import Iterable, Sequence

from compose.drills.judging.judgement import VariantJudgement, Verdicted
from compose.drills.report.people import Fate
from compose.drills.report.run import Run
from compose.drills.report.variant import Variant
from compose.drills.verdict import Verdict, headline

SIGNS = {Verdict.PASS: "🔵 pass", Verdict.UNKNOWN: "🔶 unknown", Verdict.FAIL: "🟪 **fail**"}
_ACTIVE = re.compile(r"([\\`*_\[\]|<>~@$&])")
_LINK = re.compile(r"(?i)\b(https?|www)(?=[:.])")


def of_run(run: Run, variants: Sequence[Variant]) -> str:
    return "\n".join(_lines(run, variants)).rstrip() + "\n"


def sign_of(run: Run) -> str:
    """Its headline."""
    return headline(SIGNS[run.judgement.verdict], interrupted=run.facts.was_interrupted)


def _lines(run: Run, variants: Sequence[Variant]) -> Iterable[str]:
    facts = run.facts
    yield f"## {sign_of(run)}: {plain(facts.title)}"
    yield f"\n> {plain(facts.question)}\n"
    yield f"**{plain(run.answer)}**\n"
    if facts.teaches:
        yield f"{plain(facts.teaches)}\n"
    if run.problems:
        yield from (f"- {plain(problem)}" for problem in run.problems)
        yield ""
    yield from _verdicts(run)
    yield from _people(variants)
    if facts.command:
        yield "To repeat it:\n"
        yield code_block(facts.command)


def _verdicts(run: Run) -> Iterable[str]:
    rows = [
        "| " + " | ".join((SIGNS[one.verdict], plain(variant.name), plain(one.id), _found(one))) + " |"
        for variant in run.variants
        for one in _judged(variant.judgement)
    ]
    if rows:
        yield "| Verdict | Variant | Expected | Found |\n|---|---|---|---|"
        yield from rows
        yield ""


def _judged(judgement: VariantJudgement) -> Iterable[Verdicted]:
    """Guards only where they did not hold; they are the same in every drill."""
    yield from judgement.expectations
    yield from judgement.thresholds
    yield from (one for one in judgement.guards if one.verdict is not Verdict.PASS)


def _found(one: Verdicted) -> str:
    found = plain(one.finding.summary)
    if not one.demonstrates:
        return found
    turned = "as this drill demonstrates" if one.verdict is Verdict.PASS else "this drill demonstrates a violation"
    return f"{found} ({turned})"


def _people(variants: Sequence[Variant]) -> Iterable[str]:
    if any(len(variant.people) for variant in variants):
        yield "| People | " + " | ".join(fate.phrase for fate in Fate) + " |"
        yield "|---" + "|---:" * len(Fate) + "|"
        for variant in variants:
            counts = " | ".join(str(count) for count in variant.people.fates.values())
            yield f"| {plain(variant.name)} | {counts} |"
        yield ""


def plain(text: str) -> str:
    """Text that Markdown shows as it is: one line, nothing in it is a link, a mention, a tag or a cell of a table."""
    one_line = " ".join(text.split())
    return _LINK.sub("\\1\u200b", _ACTIVE.sub(r"\\\1", one_line)).replace("\\@", "@\u200b")


def code(text: str) -> str:
    """In a line or a cell of a table; only the end of a cell is escaped, so that it can be copied."""
    one_line = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", one_line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{one_line}{pad}{fence}"


def code_block(text: str) -> str:
    """With a fence that is longer than any in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"
