"""What is wrong with the words of a drill that only judging knows: checkers, metrics, oracles, causes, thresholds."""

from collections.abc import Iterable, Iterator

from compose.drills.checkers.registry import checker
from compose.drills.finding import Unit
from compose.drills.judging.comparing import unit_problem, value_problem
from compose.drills.judging.events import NO_CAUSE, has_cause
from compose.drills.judging.looks import END
from compose.drills.judging.thresholds import PHASES, parse_threshold
from compose.drills.logout import Cause
from compose.drills.metrics import metric
from compose.drills.oracles import oracle
from compose.drills.scenario.drill import ONLY, Drill
from compose.drills.scenario.expectations import Expectation, Subject
from compose.drills.scenario.steps import Step
from compose.nearest import unknown_word
from shared.errors import OperatorError


def check_drill(drill: Drill) -> list[str]:
    """One line for each problem, with the nearest right word; none for a drill that can be judged."""
    variants = list(drill.variants) or [ONLY]
    problems = [
        f"expectation {expectation.id}: {problem}"
        for expectation in drill.expectations
        for problem in _of_expectation(expectation, drill)
    ]
    ids = [expectation.id for expectation in drill.expectations]
    problems += [f"expectation {id_}: the id stands there twice" for id_ in dict.fromkeys(ids) if ids.count(id_) > 1]
    return [*problems, *_of_thresholds(drill, variants)]


def _moments(drill: Drill) -> list[str]:
    """Every mark that somebody can have logged in before."""
    steps = list(_all([*drill.method, *drill.rollbacks]))
    begun = [*PHASES, *(step.name for step in steps if step.name is not None)]
    return [*begun, *(f"{name}{END}" for name in begun), *(step.mark for step in steps if step.mark is not None)]


def _of_expectation(expectation: Expectation, drill: Drill) -> Iterator[str]:
    yield from _of_subject(expectation.subject)
    mark = expectation.subject.where.authenticated_before
    if mark is not None and mark not in _moments(drill):
        yield unknown_word(mark, _moments(drill), kind="mark")


def _of_subject(subject: Subject) -> Iterator[str]:
    cause = subject.where.cause
    if cause is not None and cause.removeprefix("!") not in list(Cause):
        yield unknown_word(cause, [one.value for one in Cause], kind="cause")
    if cause is not None and subject.event is not None and not has_cause(subject.event):
        yield NO_CAUSE.format(subject.event)
    try:
        if subject.checker is not None:
            checker(subject.checker).configured(subject.checker, subject.settings)
        if subject.metric is not None and (problem := _of_comparison(subject, metric(subject.metric).unit)):
            yield f"{subject.metric}: {problem}"
    except OperatorError as error:
        yield str(error)


def _of_comparison(subject: Subject, unit: Unit) -> str | None:
    """Raises OperatorError for an oracle there is not."""
    if subject.of is not None:
        return unit_problem(unit, oracle(subject.of).unit)
    return value_problem(unit, subject)


def _of_thresholds(drill: Drill, variants: list[str]) -> Iterator[str]:
    for key, limits in drill.thresholds.items():
        try:
            threshold = parse_threshold(key, limits)
        except OperatorError as error:
            yield str(error)
            continue
        for label, known in (("variant", variants), ("group", list(drill.traffic))):
            value = threshold.labels.get(label, "").removeprefix("!")
            if value and value not in known:
                yield f"threshold {key!r}: " + unknown_word(value, known, kind=label)


def _all(steps: Iterable[Step]) -> Iterator[Step]:
    for step in steps:
        yield step
        yield from _all(step.parallel or ())
        if step.repeat is not None:
            yield from _all(step.repeat.steps)
