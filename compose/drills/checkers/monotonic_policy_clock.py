"""`monotonic-policy-clock`: policy time never went backwards, for no process and not for the harness, and it moved only
when the history says so.

A jump that nobody told leaves it unknown: what was counted in policy time may be counted wrongly.
"""

from collections import defaultdict
from itertools import pairwise

from compose.drills.case.scope import Scope
from compose.drills.case.words import duration, several
from compose.drills.checkers.checker import Checker, NoSettings, judged, unknown
from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import NS_PER_MS, History
from compose.drills.history.records import ClockChange, NodeCondition
from compose.drills.verdict import Verdict

HARNESS = "the harness"
APART_S = 1.0
"""Real seconds by which the two clocks of one record may have been read apart, on a machine that is busy."""


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
    finding = judged(
        bad,
        checked,
        good=f"{several(checked, 'reading')} of {HARNESS} and {several(len(processes), 'process', 'processes')}, none "
        "earlier than the one before.",
        bad=f"Policy time went backwards {several(len(bad), 'time')}.",
        nothing="Nobody read policy time.",
    )
    jumps = _untold(scope.history) if finding.verdict is Verdict.PASS else []
    if jumps:
        return unknown(f"{jumps[0].text}, and nobody had moved it.", jumps, checked=checked)
    late = _left_behind(scope.history) if finding.verdict is Verdict.PASS else []
    if late:
        return unknown(f"{late[0].text}.", late, checked=checked)
    return finding


def _left_behind(history: History) -> list[Evidence]:
    """Processes that did not follow a change of policy time, and had not when they were read next. Who is paused
    cannot, and does when he wakes."""
    found = []
    for change in history.clock_changes:
        for process in change.late:
            after = [one for one in history.clock_readings if one.process == process and one.real_ns > change.real_ns]
            reading = next((one for one in after if one.says_ms is not None), None)
            if _is_stopped(history, process, change.real_ns):
                continue
            text = f"{process} did not follow when policy time was moved, and was not read afterwards"
            if reading is not None and reading.says_ms is not None:
                behind_ms = reading.policy_ms - reading.says_ms
                if behind_ms <= _apart_ms(history):
                    continue
                text = f"{process} was late, and {duration(behind_ms)} of policy time behind when it was read next"
            found.append(Evidence(text, real_ns=change.real_ns))
    return found


def _is_stopped(history: History, process: str, at_ns: int) -> bool:
    before = [change for change in history.node_changes if change.node == process and change.real_ns <= at_ns]
    return bool(before) and before[-1].condition in (NodeCondition.PAUSED, NodeCondition.DOWN)


def _apart_ms(history: History) -> float:
    """By so much two records may stand apart though policy time ran as it was told to."""
    return 1 + max((change.rate for change in history.clock_changes), default=0.0) * APART_S * 1000


def _untold(history: History) -> list[Evidence]:
    """Records that are not where the changes of policy time written before them put them."""
    apart_ms = _apart_ms(history)
    since_ns, policy_ms, rate = history.opened.real_ns, history.opened.policy_ms, 0.0
    found = []
    for record in history.records:
        if isinstance(record, ClockChange):
            since_ns, policy_ms, rate = record.real_ns, record.policy_ms, record.rate
        off_ms = record.policy_ms - policy_ms - (record.real_ns - since_ns) * rate / NS_PER_MS
        if abs(off_ms) > apart_ms:
            text = f"A record stands {duration(abs(off_ms))} of policy time beside where it belongs"
            found.append(Evidence(text, real_ns=record.real_ns))
    return found


MONOTONIC_POLICY_CLOCK = Checker("Did policy time ever go backwards?", check)
