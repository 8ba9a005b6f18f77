"""The line a report opens with: `{{ before.stale_window_max }} before 9.11` with the numbers of the run.

Metrics stand under their variant, with underscores; in a drill without variants also by themselves. A name that there
is not is an error when the file is read, not an empty place in a report.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.sandbox import SandboxedEnvironment

from compose.drills.finding import Measure
from compose.drills.judging.comparing import formatted
from compose.drills.metrics import METRICS
from compose.drills.scenario.drill import ONLY
from compose.drills.verdict import Verdict
from compose.nearest import unknown_word
from shared.errors import OperatorError

VERDICT = "verdict"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A metric in an answer: printed with its unit and clock; `value` and comparisons are there for conditions. Only
    `value` can be asked of one that was not measured: a comparison raises ValueError, as either answer would be
    wrong."""

    name: str
    measure: Measure

    @property
    def value(self) -> float | None:
        return self.measure.value

    def __str__(self) -> str:
        return formatted(self.measure)

    def __bool__(self) -> bool:
        return bool(self._number)

    def __eq__(self, other: object) -> bool:
        return self._number == (other._number if isinstance(other, Shown) else other)

    def __hash__(self) -> int:
        return hash((self.name, self.measure))

    def __lt__(self, other: "float | Shown") -> bool:
        return self._number < _number(other)

    def __le__(self, other: "float | Shown") -> bool:
        return self._number <= _number(other)

    def __gt__(self, other: "float | Shown") -> bool:
        return self._number > _number(other)

    def __ge__(self, other: "float | Shown") -> bool:
        return self._number >= _number(other)

    @property
    def _number(self) -> float:
        if self.value is None:
            raise ValueError(f"{self.name} was not measured, so it cannot be compared")
        return self.value


def _number(other: float | Shown) -> float:
    return other._number if isinstance(other, Shown) else other


class _Variant(dict[str, object]):
    """Metrics of one variant by name; printed by itself it is its verdict."""

    def __str__(self) -> str:
        return str(self[VERDICT])


def render_answer(
    template: str, metrics: Mapping[str, Mapping[str, Measure]], verdicts: Mapping[str, Verdict], verdict: Verdict
) -> str:
    """Raises OperatorError for a template that cannot be rendered."""
    names = {name: _variant(found, verdicts[name]) for name, found in metrics.items()}
    context: dict[str, object] = {_word(name): variant for name, variant in names.items()}
    if list(names) == [ONLY]:
        context |= names[ONLY]
    context[VERDICT] = verdict.value
    try:
        return " ".join(_ENVIRONMENT.from_string(template).render(context).split())
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise OperatorError(f"report.answer cannot be filled in: {error}") from error


def check_answer(template: str, variants: Iterable[str]) -> None:
    """Raises OperatorError for a template that no run could fill in, with the nearest right word."""
    known_variants = list(variants) or [ONLY]
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateError as error:
        raise OperatorError(f"report.answer is no template: {error}") from error
    _check_names(tree, known_variants)
    # Any number does: what is left to go wrong is the template's own arithmetic.
    numbers = {name: Measure(1.0, metric.unit) for name, metric in METRICS.items()}
    render_answer(
        template,
        dict.fromkeys(known_variants, numbers),
        dict.fromkeys(known_variants, Verdict.PASS),
        Verdict.PASS,
    )


def _check_names(tree: nodes.Template, variants: list[str]) -> None:
    metrics = [_word(name) for name in METRICS]
    words = [_word(name) for name in variants]
    for attribute in tree.find_all(nodes.Getattr):
        inner = attribute.node
        if isinstance(inner, nodes.Name) and inner.name in words and attribute.attr not in (*metrics, VERDICT):
            raise OperatorError("report.answer: " + unknown_word(attribute.attr, metrics, kind="metric"))
    known = [*words, VERDICT, *(metrics if variants == [ONLY] else ())]
    local = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in known and name.name not in local:
            if name.name in metrics:
                example = f"{words[0]}.{name.name}"
                raise OperatorError(f"report.answer: {name.name} of which variant? Write {example}")
            raise OperatorError("report.answer: " + unknown_word(name.name, known, kind="name"))


def _variant(measures: Mapping[str, Measure], verdict: Verdict) -> _Variant:
    return _Variant({_word(name): Shown(name, measure) for name, measure in measures.items()}, verdict=verdict.value)


def _word(name: str) -> str:
    return name.replace("-", "_")


_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
