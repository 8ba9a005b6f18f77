"""A run as the report sees it: what was run, each variant's history, and what was judged of it."""

from dataclasses import dataclass
from pathlib import Path

from compose.drills.history.history import History
from compose.drills.history.journal import read_journal
from compose.drills.history.records import Closed, Opened
from compose.drills.judging.judgement import Judgement, VariantJudgement
from compose.drills.run_folder import RunFacts, RunFolder
from compose.drills.verdict import Verdict, headline

NOT_JUDGED = "This run was not judged: it has no judgement.json. Everything below is only what was seen."
NO_ANSWER = "There is no answer."


@dataclass(frozen=True)
class VariantRun:
    """One variant. `opened` is None for a history that says nothing, because the run never came to it."""

    name: str
    history: History
    judgement: VariantJudgement

    @property
    def opened(self) -> Opened | None:
        return next((record for record in self.history if isinstance(record, Opened)), None)

    @property
    def was_interrupted(self) -> bool:
        """Somebody ended it early, and it was still closed properly."""
        return any(isinstance(record, Closed) and record.interrupted for record in self.history)


@dataclass(frozen=True)
class Run:
    """All of it. `judgement` is unknown for a run that was not judged; `problems` are to be read before the rest."""

    facts: RunFacts
    judgement: Judgement
    variants: tuple[VariantRun, ...]
    problems: tuple[str, ...]

    @property
    def answer(self) -> str:
        return self.judgement.answer.strip() or NO_ANSWER

    @property
    def headline(self) -> str:
        return headline(self.judgement.verdict, interrupted=self.facts.was_interrupted)


def read_run(path: Path) -> Run:
    """Raises OperatorError for a folder that is no run, or whose files are no longer what a run writes."""
    folder = RunFolder(path)
    facts = folder.facts()
    judged = folder.judgement()
    judgement = judged or _unjudged(facts)
    variants = tuple(_read_variant(folder, judgement, name) for name in facts.variants)
    problems = (*judgement.problems, *(problem for variant in variants if (problem := _gap(variant))))
    return Run(facts, judgement, variants, problems)


def _read_variant(folder: RunFolder, judgement: Judgement, name: str) -> VariantRun:
    file = folder.history_file(name)
    history = History(read_journal(file) if file.exists() else ())
    found = next((one for one in judgement.variants if one.variant == name), None)
    return VariantRun(name, history, found or VariantJudgement(name, Verdict.UNKNOWN))


def _unjudged(facts: RunFacts) -> Judgement:
    variants = tuple(VariantJudgement(name, Verdict.UNKNOWN) for name in facts.variants)
    return Judgement(Verdict.UNKNOWN, variants, "", (NOT_JUDGED,))


def _gap(variant: VariantRun) -> str | None:
    if variant.opened is None:
        return f"Variant {variant.name}: its history is empty, so the run ended before it began."
    ends_s = variant.history.ends_ns / 1e9
    if variant.was_interrupted:
        return f"Variant {variant.name}: somebody ended the run early, {ends_s:.1f} s (real) after it began."
    if not variant.history.is_complete:
        return f"Variant {variant.name}: its history has no end. It was cut off {ends_s:.1f} s (real) after it began."
    return None
