"""A measure against a number, a duration or an oracle. Clocks are never mixed."""

import operator
from collections.abc import Callable, Mapping

from compose.drills.case.words import duration
from compose.drills.finding import Measure, Unit
from compose.drills.oracles import ORACLES, oracle
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Operator, Subject
from compose.drills.scenario.model import is_policy
from compose.durations import in_words

_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.EQUAL: operator.eq,
    Operator.NOT_EQUAL: operator.ne,
    Operator.AT_LEAST: operator.ge,
    Operator.MORE: operator.gt,
}
_CLOCKS = {Unit.POLICY_MS: "policy", Unit.REAL_MS: "real"}


class Incomparable(Exception):
    """The two cannot be compared; the message says why."""


def compare(one: float, by: Operator, other: float) -> bool:
    return _COMPARE[by](one, other)


def is_equal(value: float | str | None, wanted: float | str) -> bool:
    """What a probe read and what a file wants of it: a number is one however it is written, `0` or `"0"`."""
    if isinstance(value, int | float) and isinstance(wanted, str):
        try:
            return value == float(wanted)
        except ValueError:
            return False
    return str(value) == str(wanted) or value == wanted


def formatted(measure: Measure, *, limit: float | None = None) -> str:
    """As people read it: a duration with its clock, a share in percent. Beside a `limit` it is as exact as it takes not
    to read as the limit, unless it is."""
    text = _rounded(measure)
    if limit is None or measure.value in (None, limit) or text != _rounded(Measure(limit, measure.unit)):
        return text
    return _exact(measure)


def _exact(measure: Measure) -> str:
    value = measure.value
    assert value is not None
    if measure.unit in _CLOCKS:
        words = in_words(int(value)) if value == round(value) else f"{value:.12g} ms"
        return f"{words} ({_CLOCKS[measure.unit]})"
    return f"{value * 100:.12g} %" if measure.unit is Unit.RATIO else f"{value:.12g}"


def _rounded(measure: Measure) -> str:
    value = measure.value
    if value is None:
        return "not measured"
    if measure.unit in _CLOCKS:
        return f"{duration(value)} ({_CLOCKS[measure.unit]})"
    if measure.unit is Unit.RATIO:
        return f"{value:.3%}" if 0 < abs(value) < 0.001 else f"{round(value * 100, 2):g} %"
    return f"{value:.0f}" if value == round(value) else f"{value:.3g}" if abs(value) < 100 else f"{value:.1f}"


def holds(measure: Measure, subject: Subject, drill: Drill) -> bool:
    """Raises Incomparable for another clock, nothing measured, or an oracle that does not hold for this drill."""
    if measure.value is None:
        raise Incomparable("there was nothing to measure")
    if subject.of is not None:
        expected = oracle(subject.of).measure(drill)
        if expected.value is None:
            raise Incomparable(f"{subject.of} has no number for this drill")
        if (problem := unit_problem(measure.unit, expected.unit)) is not None:
            raise Incomparable(problem)
        if subject.within_pct is not None:
            return abs(measure.value - expected.value) <= abs(expected.value) * subject.within_pct / 100
        assert subject.op is not None
        return compare(measure.value, subject.op, expected.value)
    assert subject.op is not None
    if (problem := value_problem(measure.unit, subject)) is not None:
        raise Incomparable(problem)
    return compare(measure.value, subject.op, wanted_number(subject))


def wanted_number(subject: Subject) -> float:
    value = subject.value
    assert value is not None
    return value if isinstance(value, int | float) else value.ms


def limit_of(subject: Subject, drill: Drill) -> float | None:
    """The number it is held against; None where there is none."""
    if subject.of is not None:
        return oracle(subject.of).measure(drill).value if subject.of in ORACLES else None
    return None if subject.value is None else wanted_number(subject)


def wanted_words(subject: Subject, drill: Drill | None = None) -> str:
    """`<= 15 min (policy)`, or `within 5 % of oracle.rolling-restart (1.58)`."""
    if subject.of is not None:
        how = f"within {subject.within_pct:g} % of" if subject.within_pct is not None else f"{subject.op}"
        number = ""
        if drill is not None and subject.of in ORACLES:
            number = f" ({formatted(oracle(subject.of).measure(drill))})"
        return f"{how} {subject.of}{number}"
    if subject.op is None:
        return f"== {subject.equals}"
    value = subject.value
    return f"{subject.op} {value:g}" if isinstance(value, int | float) else f"{subject.op} {value}"


def value_problem(unit: Unit, subject: Subject) -> str | None:
    """Why the value the subject gives is no such quantity."""
    value = subject.value
    if isinstance(value, int | float):
        if unit in _CLOCKS and value != 0:
            return f"it is a duration in {_CLOCKS[unit]} time; write {{{_CLOCKS[unit]}: ...}} instead of {value:g}"
        return None
    if value is None:
        return None
    return unit_problem(unit, Unit.POLICY_MS if is_policy(value) else Unit.REAL_MS)


def unit_problem(unit: Unit, other: Unit) -> str | None:
    if unit is other:
        return None
    return f"it is in {_name(unit)}, and what it is held against in {_name(other)}"


def _name(unit: Unit) -> str:
    return f"{_CLOCKS[unit]} time" if unit in _CLOCKS else unit.value
