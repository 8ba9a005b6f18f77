"""One expectation of a drill, judged for one variant: in all its windows, and turned round where it demonstrates."""

from collections.abc import Sequence
from dataclasses import replace

from compose.drills.case.case import Case
from compose.drills.checkers.checker import unknown
from compose.drills.finding import Finding
from compose.drills.judging.comparing import wanted_words
from compose.drills.judging.judgement import Verdicted
from compose.drills.judging.looks import NeverHappened, looks_of, words_of
from compose.drills.judging.subjects import judge_subject
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Expectation, Subject, Word
from compose.drills.verdict import Verdict


def judge_expectation(expectation: Expectation, variant: str, drill: Drill, case: Case) -> Verdicted:
    """Never raises: what cannot be judged is unknown, with the reason."""
    finding = _found(expectation, drill, case)
    demonstrates = expectation.demonstrates_violation(variant)
    return Verdicted(
        expectation.id,
        sentence_of(expectation, drill),
        expectation.because,
        turned(finding.verdict) if demonstrates else finding.verdict,
        finding.verdict,
        demonstrates,
        finding,
        words_of(expectation),
    )


def turned(verdict: Verdict) -> Verdict:
    """An expected violation passes and its absence fails; what is unknown stays so."""
    return {Verdict.PASS: Verdict.FAIL, Verdict.FAIL: Verdict.PASS}.get(verdict, verdict)


def sentence_of(expectation: Expectation, drill: Drill | None = None) -> str:
    """`never request.accepted where user is alice, after reset`."""
    subject = expectation.subject
    parts = [f"{expectation.word} {_subject_words(subject, drill)}"]
    where = subject.where.model_dump(exclude_none=True, by_alias=True)
    if where:
        parts.append("where " + " and ".join(f"{key} is {value}" for key, value in where.items()))
    window = words_of(expectation)
    if window != "the whole run":
        parts.append(window)
    if expectation.within is not None:
        parts.append(f"within {expectation.within}")
    return ", ".join([" ".join(parts[:2]), *parts[2:]]) if where else ", ".join(parts)


def _subject_words(subject: Subject, drill: Drill | None) -> str:
    if subject.checker is not None:
        settings = ", ".join(f"{key} {value}" for key, value in subject.settings.items())
        return f"checker {subject.checker}{f' ({settings})' if settings else ''}"
    if subject.event is not None:
        return str(subject.event)
    return f"{subject.metric or subject.probe} {wanted_words(subject, drill)}"


def _found(expectation: Expectation, drill: Drill, case: Case) -> Finding:
    try:
        looks = looks_of(expectation, case.history)
        found = [judge_subject(expectation, drill, case, look.window) for look in looks]
    except NeverHappened as error:
        return unknown(f"{error}, so there was nothing to look at.")
    except Exception as error:  # a judge that breaks down has no opinion
        return unknown(f"This could not be judged: {error or type(error).__name__}")
    return together(expectation.word, found)


def together(word: Word, found: Sequence[Finding]) -> Finding:
    """Of several windows: once is enough for sometimes, everything else has to hold in each."""
    if len(found) == 1:
        return found[0]
    if word is Word.SOMETIMES:
        best = next((one for one in found if one.verdict is Verdict.PASS), None)
        return best or found[0]
    verdict = Verdict.of(*(one.verdict for one in found))
    first = next(one for one in found if one.verdict is verdict)
    return replace(
        first,
        summary=f"In {len(found)} windows: {first.summary}",
        checked=sum(one.checked for one in found),
        evidence_total=sum(one.evidence_total for one in found),
    )
