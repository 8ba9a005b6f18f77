"""A whole run, judged from its drill and its histories alone. Pure: the same files give the same judgement."""

from collections.abc import Mapping

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope, whole_run
from compose.drills.finding import Measure
from compose.drills.history.history import History
from compose.drills.judging.answer import render_answer
from compose.drills.judging.expecting import judge_expectation
from compose.drills.judging.guards import judge_guards, no_history
from compose.drills.judging.judgement import Judgement, VariantJudgement, Verdicted
from compose.drills.judging.looks import marks_of_acts
from compose.drills.judging.thresholds import judge_threshold, parse_threshold
from compose.drills.logout import Logout
from compose.drills.metrics import METRICS
from compose.drills.scenario.drill import Drill
from compose.drills.verdict import Verdict
from shared.errors import OperatorError


def judge_run(drill_variants: Mapping[str, Drill], histories: Mapping[str, History]) -> Judgement:
    """`drill_variants` are whole drills by variant, as they were run. A variant without a history is unknown.

    Raises OperatorError for thresholds that cannot be read; `check_drill` would have said so.
    """
    variants = tuple(_judge_variant(name, drill, histories.get(name)) for name, drill in drill_variants.items())
    verdict = Verdict.of(*(variant.verdict for variant in variants))
    problems = [
        f"{variant}: {said.text}" for variant, history in histories.items() for said in history.said if said.is_problem
    ]
    drill = next(iter(drill_variants.values()), None)
    answer = ""
    try:
        answer = "" if drill is None else _answer(drill, variants, verdict)
    except OperatorError as error:
        problems.append(str(error))
    return Judgement(verdict, variants, answer, tuple(problems))


def _judge_variant(name: str, drill: Drill, history: History | None) -> VariantJudgement:
    if history is None:
        return VariantJudgement(name, Verdict.UNKNOWN, guards=(no_history("This variant was not run."),))
    case = Case(history, drill.cluster, marks_of_acts=marks_of_acts([*drill.method, *drill.rollbacks]))
    expectations = tuple(
        judge_expectation(expectation, name, drill, case)
        for expectation in drill.expectations
        if expectation.variants is None or name in expectation.variants
    )
    guards = tuple(judge_guards(name, drill, case))
    thresholds = tuple(_thresholds(name, drill, case))
    verdict = Verdict.of(*(one.verdict for one in (*expectations, *thresholds, *guards)))
    if not expectations:
        verdict = Verdict.of(verdict, Verdict.UNKNOWN)
    return VariantJudgement(name, verdict, expectations, thresholds, guards, _metrics(case), _logouts(case))


def _thresholds(name: str, drill: Drill, case: Case) -> list[Verdicted]:
    found = []
    for key, limits in drill.thresholds.items():
        threshold = parse_threshold(key, limits)
        if threshold.concerns(name):
            found += judge_threshold(threshold, case)
    return found


def _metrics(case: Case) -> dict[str, Measure]:
    """Every metric of the whole run; without a value where it cannot be worked out."""
    try:
        scope = whole_run(case)
        return {name: _measure(name, scope) for name in METRICS}
    except OperatorError:
        return {name: Measure(None, metric.unit) for name, metric in METRICS.items()}


def _measure(name: str, scope: Scope) -> Measure:
    try:
        return METRICS[name].measure(scope)
    except (OperatorError, ArithmeticError, LookupError, ValueError):
        return Measure(None, METRICS[name].unit)


def _logouts(case: Case) -> tuple[Logout, ...]:
    """Those after the setup."""
    try:
        return whole_run(case).logouts
    except OperatorError:
        return ()


def _answer(drill: Drill, variants: tuple[VariantJudgement, ...], verdict: Verdict) -> str:
    nothing = {name: Measure(None, metric.unit) for name, metric in METRICS.items()}
    return render_answer(
        drill.report.answer,
        {variant.variant: {**nothing, **variant.metrics} for variant in variants},
        {variant.variant: variant.verdict for variant in variants},
        verdict,
    )
