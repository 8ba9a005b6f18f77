"""The words a drill file may use, with their meanings, out of the code that gives them their meaning.

`dcsim drill words` prints them, and the second half of DRILLS.md is the same text.
"""

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from compose.drills.checkers.registry import CHECKERS
from compose.drills.faults import KINDS
from compose.drills.judging.guards import GUARDS
from compose.drills.metrics import METRICS
from compose.drills.oracles import ORACLES
from compose.drills.probes import PROBES
from compose.drills.scenario.expectations import Event
from compose.drills.scenario.steps import ActKind
from compose.drills.scenario.traffic import Mix

PAGE = Path(__file__).with_name("DRILLS.md")
BEGIN = "<!-- from here on: dcsim drill words -->\n"


def vocabulary_text() -> str:
    """Markdown, one table a kind of word."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    yield _table("Mixes of traffic", ("Mix", "Who that is"), _explained(Mix))
    yield _table("Acts", ("Act",), ((f"`{act}`",) for act in ActKind))
    yield _table(
        "Faults",
        ("Fault", "Strikes", "Settings", "Meaning"),
        (
            (f"`{name}`", str(kind.targets), ", ".join(f"`{key}`" for key in _settings(kind)), _doc(kind))
            for name, kind in KINDS.items()
        ),
    )
    yield _table("Probes", ("Probe", "Value"), ((f"`{name}`", _doc(probe)) for name, probe in PROBES.items()))
    yield _table("Events", ("Event", "What it is"), _explained(Event))
    yield _table(
        "Checkers",
        ("Checker", "Asks", "Settings"),
        (
            (f"`{name}`", one.asks, ", ".join(f"`{key}`" for key in _settings(one.settings)))
            for name, one in CHECKERS.items()
        ),
    )
    yield _table("Metrics", ("Metric", "Meaning"), ((f"`{name}`", one.meaning) for name, one in METRICS.items()))
    yield _table("Oracles", ("Oracle", "Meaning"), ((f"`{name}`", one.meaning) for name, one in ORACLES.items()))
    yield _table("Guards", ("Guard", "Holds when"), ((f"`{name}`", words) for name, (words, _) in GUARDS.items()))


def _table(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"### {title}", "", f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _settings(kind: type) -> list[str]:
    fields = getattr(kind, "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _doc(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split())


def _explained(kind: type[Mix] | type[Event]) -> Iterator[tuple[str, str]]:
    return ((f"`{member}`", member.meaning) for member in kind)
