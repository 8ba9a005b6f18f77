"""What an expectation is about, judged in one stretch of a run: a checker, a metric, an event or a probe."""

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import judged, shortened, unknown
from compose.drills.checkers.registry import run_checker
from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import Window
from compose.drills.history.records import Reading
from compose.drills.judging import events
from compose.drills.judging.comparing import (
    Incomparable,
    compare,
    formatted,
    holds,
    is_equal,
    limit_of,
    wanted_number,
    wanted_words,
)
from compose.drills.metrics import metric
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Expectation, Subject, Word
from compose.drills.verdict import Verdict


def judge_subject(expectation: Expectation, drill: Drill, case: Case, window: Window) -> Finding:
    """Raises whatever a checker raises; OperatorError for a name there is not."""
    word, subject = expectation.word, expectation.subject
    within_ns = None if expectation.within is None else round(expectation.within.ms * 1e6)
    scope = Scope(case, window, subject.where)
    if subject.event is not None:
        cases = events.cases_of(subject.event, _soon(scope, within_ns), must_be=word in (Word.ALWAYS, Word.AT_END))
        return _of_cases(word, cases, scope, within_ns)
    if subject.probe is not None:
        return _of_probe(word, subject, _soon(scope, within_ns), scope, within_ns)
    # A checker or a metric holds eventually when it holds from then on.
    scope = scope if within_ns is None else Scope(case, _later(window, within_ns), subject.where)
    if subject.checker is not None:
        return _sometimes(word, run_checker(subject.checker, scope, subject.settings))
    return _sometimes(word, _of_metric(word, subject, drill, scope))


def _soon(scope: Scope, within_ns: int | None) -> Scope:
    if within_ns is None:
        return scope
    ends_ns = min(scope.window.ends_ns, scope.window.starts_ns + within_ns)
    return Scope(scope.case, Window(scope.window.starts_ns, ends_ns), scope.where)


def _later(window: Window, within_ns: int) -> Window:
    return Window(window.starts_ns + within_ns, window.ends_ns)


def _sometimes(word: Word, finding: Finding) -> Finding:
    """One that did not hold is no failure, when once would do."""
    if word is not Word.SOMETIMES or finding.verdict is not Verdict.FAIL:
        return finding
    return Finding(Verdict.UNKNOWN, f"Not this time: {finding.summary}", finding.checked, measures=finding.measures)


def _of_metric(word: Word, subject: Subject, drill: Drill, scope: Scope) -> Finding:
    assert subject.metric is not None
    measure = metric(subject.metric).measure(scope)
    found = formatted(measure, limit=limit_of(subject, drill))
    told = f"{subject.metric} is {found}; wanted {_not(word)}{wanted_words(subject, drill)}"
    measures = {subject.metric: measure}
    try:
        fits = holds(measure, subject, drill) != (word is Word.NEVER)
    except Incomparable as error:
        return Finding(Verdict.UNKNOWN, f"{subject.metric} cannot be judged: {error}", measures=measures)
    verdict = Verdict.PASS if fits else Verdict.FAIL
    return Finding(verdict, f"{told}.", max(1, len(scope.operations)), measures=measures)


def _not(word: Word) -> str:
    return "not " if word is Word.NEVER else ""


def _of_cases(word: Word, cases: list[events.Case], scope: Scope, within_ns: int | None) -> Finding:
    hits = [case.evidence for case in cases if case.is_event]
    others = [case.evidence for case in cases if not case.is_event]
    told = f"{len(hits)} of {several(len(cases), 'opportunity', 'opportunities')}"
    nothing = "Nothing happened that could have been it."
    match word:
        case Word.NEVER:
            return judged(hits, len(cases), good=f"{told}.", bad=f"{told}, and none was allowed.", nothing=nothing)
        case Word.ALWAYS:
            return judged(others, len(cases), good=f"{told}.", bad=f"{told}; all had to be.", nothing=nothing)
        case Word.AT_END:
            last = others[-1:] if cases and not cases[-1].is_event else []
            return judged(last, len(cases[-1:]), good="The last was.", bad="The last was not.", nothing=nothing)
    if hits:
        return Finding(Verdict.PASS, f"{told}.", len(hits), *shortened(hits))
    if word is Word.SOMETIMES:
        return unknown(f"{told}: it did not happen.")
    if scope.window.starts_ns + (within_ns or 0) > scope.ends_ns:
        return unknown("The run, or what was looked at, ended before the time for it was over.")
    return Finding(Verdict.FAIL, f"{told} in time.", max(1, len(cases)), *shortened(others[:5]))


def _of_probe(word: Word, subject: Subject, soon: Scope, scope: Scope, within_ns: int | None) -> Finding:
    """A reading that brought nothing leaves unknown what had to be so each time, or at that time, or by then."""
    readings = _readings(subject, soon)
    unread = [_piece(reading) for reading in readings if reading.value is None]
    if word is Word.AT_END and readings and readings[-1].value is None:
        return unknown(f"At the end {subject.probe} could not be read.", unread[-1:])
    cases = [
        events.Case(reading.real_ns, _is_as_wanted(subject, reading.value), _piece(reading))
        for reading in readings
        if reading.value is not None
    ]
    if word is Word.EVENTUALLY and (not cases or readings[-1].value is None) and not any(one.is_event for one in cases):
        return unknown(f"{subject.probe} could not be read in time.", unread)
    finding = _of_cases(word, cases, scope, within_ns)
    if unread and word in (Word.ALWAYS, Word.NEVER) and finding.verdict is Verdict.PASS:
        told = f"{len(unread)} of {several(len(readings), 'reading')} of {subject.probe} brought nothing."
        return unknown(told, unread, checked=finding.checked)
    return finding


def _readings(subject: Subject, scope: Scope) -> list[Reading]:
    return [
        reading
        for reading in scope.history.readings
        if reading.probe == subject.probe and reading.real_ns in scope.window and _is_where(subject, reading)
    ]


def _is_where(subject: Subject, reading: Reading) -> bool:
    """Read of exactly that: what was read of one node says nothing of all."""
    wanted = subject.where.model_dump(exclude_none=True)
    return reading.where == {key: str(value) for key, value in wanted.items()}


def _is_as_wanted(subject: Subject, value: float | str | None) -> bool:
    if subject.equals is not None:
        return is_equal(value, subject.equals)
    try:
        number = float(value if value is not None else "")
    except ValueError:
        return False
    assert subject.op is not None
    return compare(number, subject.op, wanted_number(subject))


def _piece(reading: Reading) -> Evidence:
    where = ", ".join(f"{key} {value}" for key, value in reading.where.items())
    seen = f"could not be read: {reading.error}" if reading.value is None else f"was {reading.value}"
    text = f"{reading.probe}{f' ({where})' if where else ''} {seen}"
    return Evidence(text, real_ns=reading.real_ns, user=reading.where.get("user"), node=reading.where.get("node"))
