"""What every checker is: a question, settings that check themselves, and a pure function from a scope to a finding."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from compose.drills.case.scope import Scope
from compose.drills.finding import Evidence, Finding, Measure
from compose.drills.scenario.model import Part
from compose.drills.verdict import Verdict
from compose.nearest import unknown_word
from shared.errors import OperatorError

EVIDENCE_MAX = 50
"""Pieces of evidence a finding carries; how many there were stands beside them."""


class NoSettings(Part):
    """For a checker that has none."""


@dataclass(frozen=True)
class Checker:
    """`asks` is its question, as a report shows it. `check` gets an object of `settings`."""

    asks: str
    check: Callable[[Scope, Any], Finding]
    settings: type[Part] = NoSettings

    def configured(self, name: str, given: Mapping[str, Any]) -> Part:
        """Raises OperatorError for a setting it does not have, with the nearest right word, or a value it cannot be."""
        try:
            return self.settings.model_validate(dict(given))
        except ValidationError as error:
            raise OperatorError(f"checker {name}: {self._problems(error)}") from error

    def _problems(self, error: ValidationError) -> str:
        known = [field.alias or key for key, field in self.settings.model_fields.items()]
        problems = []
        for problem in error.errors(include_url=False):
            where = ".".join(str(part) for part in problem["loc"])
            if problem["type"] != "extra_forbidden":
                problems.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}")
            elif known:
                problems.append(unknown_word(where, known, kind="setting"))
            else:
                problems.append(f"there is no setting {where!r}; this checker has none")
        return "; ".join(problems)


def judged(
    violations: Iterable[Evidence],
    checked: int,
    *,
    good: str,
    bad: str,
    nothing: str,
    measures: Mapping[str, Measure] | None = None,
) -> Finding:
    """FAIL with a violation, UNKNOWN with nothing to judge, else PASS; each with its own sentence."""
    found = list(violations)
    if found:
        return Finding(Verdict.FAIL, bad, max(checked, len(found)), *shortened(found), measures or {})
    if checked == 0:
        return Finding(Verdict.UNKNOWN, nothing, measures=measures or {})
    return Finding(Verdict.PASS, good, checked, measures=measures or {})


def unknown(summary: str, evidence: Sequence[Evidence] = (), *, checked: int = 0) -> Finding:
    return Finding(Verdict.UNKNOWN, summary, checked, *shortened(evidence))


def shortened(evidence: Sequence[Evidence]) -> tuple[tuple[Evidence, ...], int]:
    """What a finding carries of it, and how much there was."""
    return tuple(evidence[:EVIDENCE_MAX]), len(evidence)
