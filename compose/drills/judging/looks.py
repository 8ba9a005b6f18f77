"""Where an expectation looks: stretches of the run between marks and faults.

A mark is a moment. A fault is one too, the moment it was in force, and `NAME:end` is when it was healed, as a named
step has its `NAME:end`. `during` is from the one to the other, for each time it happened.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from compose.drills.case.scope import SETUP_ENDS
from compose.drills.history.history import FaultBand, History, Window
from compose.drills.scenario.expectations import Expectation
from compose.drills.scenario.steps import ActKind, Step

END = ":end"


class NeverHappened(Exception):
    """What the window hangs on is not in the history; the message says so."""


@dataclass(frozen=True, slots=True)
class Look:
    """One stretch, in words too."""

    window: Window
    words: str


def looks_of(expectation: Expectation, history: History) -> list[Look]:
    """Several when `during` happened several times. Without any word: everything after the setup.

    Raises NeverHappened.
    """
    setup = history.first_mark(SETUP_ENDS)
    words = words_of(expectation)
    common = Window(0 if setup is None else setup.real_ns)
    if expectation.after is not None:
        common = Window(_begins(expectation.after, history))
    if expectation.before is not None:
        common = common.both(Window(0, _before(expectation.before, history)))
    windows = [common]
    if expectation.during is not None:
        windows = [window.both(common) for window in _during(expectation.during, history)]
    grace_ns = 0 if expectation.grace is None else round(expectation.grace.ms * 1e6)
    return [Look(Window(window.starts_ns + grace_ns, window.ends_ns), words) for window in windows]


def words_of(expectation: Expectation) -> str:
    parts = [
        f"{word} {name}"
        for word, name in (
            ("after", expectation.after),
            ("before", expectation.before),
            ("during", expectation.during),
        )
        if name is not None
    ]
    if expectation.grace is not None:
        parts.append(f"from {expectation.grace} on")
    return ", ".join(parts) or "the whole run"


def marks_of_acts(steps: Iterable[Step]) -> Iterator[str]:
    """The marks that are set when one act is over, and mean it."""
    for step in steps:
        if step.do is not None and step.do.group is None and step.do.act is not ActKind.LOGOUT:
            yield from (mark for mark in (step.mark, step.name and step.name + END) if mark)
        yield from marks_of_acts(step.parallel or ())
        if step.repeat is not None:
            yield from marks_of_acts(step.repeat.steps)


def _bands(name: str, history: History) -> list[FaultBand]:
    return [band for band in history.faults if band.fault == name]


def _begins(name: str, history: History) -> int:
    mark = history.first_mark(name)
    if mark is not None:
        return mark.real_ns
    if bands := _bands(name, history):
        return bands[0].starts_ns
    if name.endswith(END) and (bands := _bands(name.removesuffix(END), history)):
        if bands[0].healed is None:
            raise NeverHappened(f"the fault {bands[0].fault} was never healed")
        return bands[0].ends_ns
    raise NeverHappened(f"{name} never happened")


def _before(name: str, history: History) -> int:
    """Before a fault means before anything was done for it."""
    if history.first_mark(name) is None and (bands := _bands(name, history)):
        return bands[0].injecting.real_ns
    return _begins(name, history)


def _during(name: str, history: History) -> list[Window]:
    windows: list[Window] = []
    for mark in history.marks:
        if mark.name == name:
            windows.append(Window(mark.real_ns))
        elif mark.name == name + END and windows:
            windows[-1] = Window(windows[-1].starts_ns, mark.real_ns)
    if windows:
        return windows
    bands = _bands(name, history)
    if not bands:
        raise NeverHappened(f"{name} never happened")
    return [Window(band.starts_ns, band.ends_ns) for band in bands]
