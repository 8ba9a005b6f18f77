"""What must be so before any verdict means anything. Judged in every run, asked for by nobody.

A guard that does not hold leaves the run unknown; only a clock that went backwards and a node that lies about its
version fail it.
"""

from collections.abc import Callable, Iterable, Iterator

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import unknown
from compose.drills.checkers.registry import run_checker
from compose.drills.finding import Evidence, Finding
from compose.drills.history.records import Completion, Reading
from compose.drills.judging.comparing import is_equal
from compose.drills.judging.judgement import Verdicted
from compose.drills.judging.looks import END
from compose.drills.scenario.drill import Drill, HealthyProbe
from compose.drills.scenario.steps import Step
from compose.drills.verdict import Verdict

METHOD = "method"
STEADY_STATE_BROKEN = "steady-state:broken"
_Guard = Callable[[str, Drill, Case], Finding | None]


def judge_guards(variant: str, drill: Drill, case: Case) -> list[Verdicted]:
    """Those that have anything to guard in this drill. Never raises."""
    judged = []
    for name, (sentence, guard) in GUARDS.items():
        try:
            finding = guard(variant, drill, case)
        except Exception as error:  # a guard that breaks down guards nothing
            finding = unknown(f"This could not be judged: {error or type(error).__name__}")
        if finding is not None:
            judged.append(_verdicted(name, sentence, finding))
    return judged


def no_history(why: str) -> Verdicted:
    return _verdicted("history-complete", GUARDS["history-complete"][0], unknown(why))


def _verdicted(name: str, sentence: str, finding: Finding) -> Verdicted:
    return Verdicted(name, sentence, None, finding.verdict, finding.verdict, False, finding, "the whole run")


def _of_this_drill(variant: str, drill: Drill, case: Case) -> Finding:
    opened = case.history.opened
    said = {"drill": opened.title, "variant": opened.variant, "seed": opened.seed}
    asked = {"drill": drill.title, "variant": variant, "seed": drill.configuration.seed}
    other = [f"the {what} {said[what]!r}, not {asked[what]!r}" for what in asked if said[what] != asked[what]]
    if other:
        return unknown(f"The history is that of {', and of '.join(other)}.")
    return Finding(Verdict.PASS, f"{opened.title}, {variant}, seed {opened.seed}.", 1)


def _history_complete(_variant: str, _drill: Drill, case: Case) -> Finding:
    history = case.history
    if not history.is_complete:
        return unknown("The history was cut off, or the run was interrupted.")
    if not history.operations:
        return unknown("Nobody asked for anything.")
    for mark in (METHOD, METHOD + END):
        if history.first_mark(mark) is None:
            return unknown(f"The mark {mark} is missing: the method was not carried out to its end.")
    strays = {record.op for record in history.records if isinstance(record, Completion)} - set(history.by_number)
    if strays:
        return unknown(f"{several(len(strays), 'answer')} to requests that were never sent.")
    open_ends = [operation for operation in history.operations if operation.completion is None]
    if open_ends:
        return unknown(
            f"What came of {several(len(open_ends), 'request')} was not recorded, not even that nobody knows."
        )
    return Finding(Verdict.PASS, f"{several(len(history.operations), 'operation')}, to the end.", len(history.records))


def _as_planned(_variant: str, _drill: Drill, case: Case) -> Finding:
    problems = [Evidence(said.text, real_ns=said.real_ns) for said in case.history.said if said.is_problem]
    if problems:
        return unknown(problems[0].text, problems)
    return Finding(Verdict.PASS, "The harness met nothing unexpected.", len(case.history.records))


def _steady_state(_variant: str, drill: Drill, case: Case) -> Finding | None:
    hypothesis = drill.steady_state_hypothesis
    if case.history.first_mark(STEADY_STATE_BROKEN) is not None:
        return unknown("It was not steady before the method, so nothing was broken.")
    if hypothesis is None:
        return None
    method = case.history.first_mark(METHOD)
    until_ns = case.history.ends_ns if method is None else method.real_ns
    before = [reading for reading in case.history.readings if reading.real_ns <= until_ns]
    doubts = [doubt for probe in hypothesis.probes if (doubt := _doubt(probe, before)) is not None]
    if doubts:
        return unknown(f"{hypothesis.title}: {doubts[0].text}", doubts)
    return Finding(Verdict.PASS, f"{hypothesis.title}: so it was.", len(hypothesis.probes))


def _doubt(probe: HealthyProbe, readings: Iterable[Reading]) -> Evidence | None:
    found = [r for r in readings if r.probe == probe.probe and r.where == probe.where]
    if not found:
        return Evidence(f"{probe.probe} was not read before the method")
    value = found[-1].value
    if value is None or not _is_tolerated(probe, value):
        return Evidence(f"{probe.probe} was {value} before the method", real_ns=found[-1].real_ns)
    return None


def _is_tolerated(probe: HealthyProbe, value: float | str) -> bool:
    if isinstance(probe.tolerance, tuple):
        lowest, highest = probe.tolerance
        return isinstance(value, int | float) and lowest <= value <= highest
    return is_equal(value, probe.tolerance)


def _faults(variant: str, drill: Drill, case: Case) -> Finding | None:
    """Every fault of the method is in the history, was seen from outside, and hit somebody."""
    wanted = list(dict.fromkeys(injected_names(drill.method, variant)))
    if not wanted and not case.history.faults:
        return None
    there = {band.fault for band in case.history.faults}
    missing = [name for name in wanted if name not in there]
    if missing:
        return unknown(f"The history has no fault {', '.join(missing)}, and the method injects it.")
    return run_checker("fault-confirmed", Scope(case))


def injected_names(steps: Iterable[Step], variant: str | None) -> Iterator[str]:
    """The handles of the faults that the steps inject in this variant; in any, for None."""
    for step in steps:
        if variant is not None and step.when is not None and variant not in step.when:
            continue
        if step.fault is not None and step.fault.inject is not None:
            yield step.fault.as_ or step.fault.inject
        yield from injected_names(step.parallel or (), variant)
        if step.repeat is not None:
            yield from injected_names(step.repeat.steps, variant)


def _clock(_variant: str, _drill: Drill, case: Case) -> Finding:
    return run_checker("monotonic-policy-clock", Scope(case))


def _versions(_variant: str, _drill: Drill, case: Case) -> Finding:
    return run_checker("version-honest", Scope(case))


GUARDS: dict[str, tuple[str, _Guard]] = {
    "of-this-drill": ("the history is that of this drill, variant and seed", _of_this_drill),
    "history-complete": ("the run was seen from its beginning to its end", _history_complete),
    "as-planned": ("the harness met nothing unexpected", _as_planned),
    "steady-state": ("everything was well before anything was broken", _steady_state),
    "faults-confirmed": ("every fault was seen from outside and hit somebody", _faults),
    "policy-clock-monotonic": ("policy time never went backwards", _clock),
    "versions-honest": ("every node says the version it was started as", _versions),
}
"""By name: the sentence, and the judge; None for a drill in which there is nothing to guard."""
