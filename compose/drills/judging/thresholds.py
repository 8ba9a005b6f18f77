"""`thresholds`, as in k6: `"latency{phase:method,group:office}": ["p(95)<200", "max<1000"]`, `failed: rate<0.01`.

`latency` is in real ms, from when a request was due; `failed` and `requests` count requests; every metric can be named
too, and has one `value`. Labels are phase, group, user, node, kind, status and variant.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope, same, whole_run
from compose.drills.checkers.checker import unknown
from compose.drills.finding import Finding, Measure, Unit
from compose.drills.history.history import Window
from compose.drills.judging.comparing import compare, formatted
from compose.drills.judging.judgement import Verdicted
from compose.drills.judging.looks import END
from compose.drills.metrics import METRICS, service
from compose.drills.metrics.metric import percentile
from compose.drills.scenario.expectations import Operator, Where
from compose.drills.verdict import Verdict
from compose.nearest import unknown_word
from shared.errors import OperatorError

PHASES = ("setup", "baseline", "method", "rollback", "end")
LABELS = ("phase", "group", "user", "node", "kind", "status", "variant")
_KEY = re.compile(r"\s*(?P<name>[^{}\s]+)\s*(?:\{(?P<labels>[^{}]*)\})?\s*")
_LIMIT = re.compile(
    r"\s*(?P<of>p\((?P<percent>\d+(?:\.\d+)?)\)|[a-z]+)\s*(?P<op><=|>=|==|!=|<|>)\s*(?P<value>\d+(?:\.\d+)?)\s*"
)
_TREND: Mapping[str, Callable[[Sequence[float]], float]] = {"avg": fmean, "med": median, "min": min, "max": max}
_AGGREGATES = {"latency": ("p(95)", *_TREND, "count"), "failed": ("rate", "count"), "requests": ("rate", "count")}


@dataclass(frozen=True, slots=True)
class Limit:
    """`p(95)<200`: `percent` is 95, or None for another aggregate."""

    text: str
    aggregate: str
    percent: float | None
    op: Operator
    value: float


@dataclass(frozen=True)
class Threshold:
    """What is measured, of which requests, and its limits."""

    key: str
    name: str
    labels: Mapping[str, str]
    limits: tuple[Limit, ...]

    def concerns(self, variant: str) -> bool:
        return same(self.labels.get("variant"), variant)


def parse_threshold(key: str, limits: Sequence[str]) -> Threshold:
    """Raises OperatorError for a key or a limit that cannot be read, with the nearest right word."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise OperatorError(f'threshold {key!r} cannot be read; write it as "latency{{phase:method}}": ["p(95)<200"]')
    name = match["name"]
    if name not in _AGGREGATES and name not in METRICS:
        raise OperatorError(f"threshold {key!r}: " + unknown_word(name, [*_AGGREGATES, *METRICS], kind="threshold"))
    labels = _labels(key, match["labels"])
    if not limits:
        raise OperatorError(f'threshold {key!r} has no limit, so it judges nothing; give one, as ["rate<0.01"]')
    return Threshold(key, name, labels, tuple(_limit(key, name, text) for text in limits))


def judge_threshold(threshold: Threshold, case: Case) -> list[Verdicted]:
    """One verdict for each limit; unknown where nothing was measured, or the phase never was. Never raises."""
    return [_verdicted(threshold, limit, _found(threshold, limit, case)) for limit in threshold.limits]


def _labels(key: str, text: str | None) -> dict[str, str]:
    labels = {}
    for pair in (text or "").split(","):
        if not pair.strip():
            continue
        name, colon, value = (part.strip() for part in pair.partition(":"))
        if not colon or not value:
            raise OperatorError(f"threshold {key!r}: the label {pair.strip()!r} is written as name:value")
        if name not in LABELS:
            raise OperatorError(f"threshold {key!r}: " + unknown_word(name, LABELS, kind="label"))
        if name == "phase" and value not in PHASES:
            raise OperatorError(f"threshold {key!r}: " + unknown_word(value, PHASES, kind="phase"))
        if name == "status" and not value.isdigit():
            raise OperatorError(f"threshold {key!r}: status is a number, not {value!r}")
        labels[name] = value
    return labels


def _limit(key: str, name: str, text: str) -> Limit:
    match = _LIMIT.fullmatch(text)
    if match is None:
        raise OperatorError(f"threshold {key!r}: {text!r} cannot be read; write it as p(95)<200 or rate<0.01")
    percent = None if match["percent"] is None else float(match["percent"])
    if percent is not None and not 0 < percent <= 100:
        raise OperatorError(f"threshold {key!r}: p({percent:g}) is no percentile; it is above 0 and at most 100")
    known = _AGGREGATES.get(name, ("value",))
    aggregate = "p(95)" if percent is not None else match["of"]
    if aggregate not in known:
        raise OperatorError(f"threshold {key!r}: " + unknown_word(match["of"], known, kind=f"number of {name}"))
    return Limit(text.strip(), match["of"], percent, Operator(match["op"]), float(match["value"]))


def _scope(threshold: Threshold, case: Case) -> Scope:
    labels = dict(threshold.labels)
    labels.pop("variant", None)
    phase = labels.pop("phase", None)
    where = Where.model_validate(labels)
    if phase is None:
        return whole_run(case, where)
    begins, ends = case.history.first_mark(phase), case.history.first_mark(phase + END)
    if begins is None:
        raise OperatorError(f"The phase {phase} never began.")
    return Scope(case, Window(begins.real_ns, case.history.ends_ns if ends is None else ends.real_ns), where)


def _found(threshold: Threshold, limit: Limit, case: Case) -> Finding:
    try:
        return _judge(threshold, limit, _scope(threshold, case))
    except OperatorError as error:
        return unknown(str(error))
    except Exception as error:  # a judge that breaks down has no opinion
        return unknown(f"This could not be judged: {error or type(error).__name__}")


def _judge(threshold: Threshold, limit: Limit, scope: Scope) -> Finding:
    measure, checked = _measure(threshold.name, limit, scope)
    measures = {threshold.name: measure}
    if measure.value is None or checked == 0:
        return Finding(Verdict.UNKNOWN, f"{threshold.key}: there was nothing to measure.", measures=measures)
    holds = compare(measure.value, limit.op, limit.value)
    found = formatted(measure, limit=limit.value)
    summary = f"{limit.aggregate} of {threshold.key} is {found}; wanted {limit.text}."
    return Finding(Verdict.PASS if holds else Verdict.FAIL, summary, checked, measures=measures)


def _measure(name: str, limit: Limit, scope: Scope) -> tuple[Measure, int]:
    """The number, and of how many requests."""
    count = len(scope.operations)
    if name == "latency":
        values = service.latencies(scope)
        if limit.percent is not None:
            return Measure(percentile(values, limit.percent), Unit.REAL_MS), len(values)
        if limit.aggregate == "count":
            return Measure(len(values)), len(values)
        return Measure(_TREND[limit.aggregate](values) if values else None, Unit.REAL_MS), len(values)
    if name == "failed":
        if limit.aggregate == "rate":
            return Measure(service.failed_rate(scope), Unit.RATIO), count
        return Measure(service.failed_requests(scope)), count
    if name == "requests":
        return Measure(service.rate(scope) if limit.aggregate == "rate" else service.requests(scope)), count
    return METRICS[name].measure(scope), max(1, count)


def _verdicted(threshold: Threshold, limit: Limit, finding: Finding) -> Verdicted:
    id_ = f"{threshold.key}: {limit.text}"
    window = threshold.labels.get("phase", "the whole run")
    return Verdicted(id_, id_, None, finding.verdict, finding.verdict, False, finding, window)
