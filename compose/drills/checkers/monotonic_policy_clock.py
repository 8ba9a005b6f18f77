"""`monotonic-policy-clock`: policy time never went backwards, for no process and not for the harness."""

from collections import defaultdict
from itertools import pairwise

from compose.drills.case.scope import Scope
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, NoSettings, judged
from compose.drills.finding import Evidence, Finding

HARNESS = "the harness"


def check(scope: Scope, _settings: NoSettings) -> Finding:
    """Every reading of a process, with its skew taken off, and every change and mark of the harness."""
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for reading in scope.history.clock_readings:
        if reading.says_ms is not None and reading.real_ns in scope.window:
            seen[reading.process].append((reading.real_ns, reading.says_ms))
    for change in scope.history.clock_changes:
        seen[HARNESS] += [(change.real_ns, change.before_ms), (change.real_ns, change.policy_ms)]
    seen[HARNESS] += [(mark.real_ns, mark.policy_ms) for mark in scope.history.marks]
    bad = [
        Evidence(f"{process} said a policy time that was {duration(before - after)} earlier than before", real_ns=at_ns)
        for process, readings in seen.items()
        for (_, before), (at_ns, after) in pairwise(sorted(readings, key=lambda pair: pair[0]))
        if after < before
    ]
    checked = sum(map(len, seen.values()))
    processes = [process for process in seen if process != HARNESS]
    return judged(
        bad,
        checked,
        good=f"{several(checked, 'reading')} of {HARNESS} and {several(len(processes), 'process', 'processes')}, none "
        "earlier than the one before.",
        bad=f"Policy time went backwards {several(len(bad), 'time')}.",
        nothing="Nobody read policy time.",
    )


MONOTONIC_POLICY_CLOCK = Checker("Did policy time ever go backwards?", check)
