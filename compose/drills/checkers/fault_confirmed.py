"""`fault-confirmed`: was every fault seen from outside to be in force, and did it hit anybody?

Never FAIL: a fault that was not there says nothing about the cluster, and makes what was judged with it unknown.
"""

from bisect import bisect_left

from compose.drills.case.case import Case
from compose.drills.case.scope import Scope
from compose.drills.case.troubles import struck_nodes
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, NoSettings, unknown
from compose.drills.finding import Evidence, Finding
from compose.drills.history.history import FaultBand, Operation
from compose.drills.history.records import FaultChange
from compose.drills.verdict import Verdict

INSTANT = "stickiness.lost"
INSTANT_NS = 5 * 10**9
"""A balancer's restart is over at once, and is met by what was sent so long after. Stripped cookies are counted."""


def check(scope: Scope, _settings: NoSettings) -> Finding:
    bands = [band for band in scope.history.faults if band.injecting.real_ns in scope.window]
    if not bands:
        return unknown("There was no fault.")
    doubts = [
        Evidence(doubt, real_ns=band.injecting.real_ns) for band in bands if (doubt := doubt_of(scope.case, band))
    ]
    if doubts:
        return unknown(f"{several(len(doubts), 'fault')} of {len(bands)} in doubt: {doubts[0].text}", doubts)
    names = ", ".join(dict.fromkeys(f"{band.kind} on {band.target}" for band in bands))
    return Finding(Verdict.PASS, f"Seen from outside, and it hit somebody: {names}.", len(bands))


def doubt_of(case: Case, band: FaultBand) -> str | None:
    """Why this fault proves nothing, if so."""
    name = f"{band.fault} ({band.kind} on {band.target})"
    if band.confirmed is None:
        return f"{name} was not confirmed from outside"
    hits = _hits(case, band)
    if hits == 0:
        return f"{name} was in force and never hit anything"
    if hits is None and not _was_met(case, band):
        return f"{name} was in force, and nobody asked for anything that it could have touched"
    return None


def _hits(case: Case, band: FaultBand) -> int | None:
    """The highest count that any of its records gives."""
    counts = [
        record.hits
        for record in case.history.records
        if isinstance(record, FaultChange)
        and (record.fault, record.target) == (band.fault, band.target)
        and band.injecting.real_ns <= record.real_ns <= band.ends_ns
        and record.hits is not None
    ]
    return max(counts, default=None)


def _was_met(case: Case, band: FaultBand) -> bool:
    struck = struck_nodes(band, case.nodes)
    ends_ns = band.ends_ns
    if band.kind == INSTANT:
        ends_ns = max(ends_ns, band.injecting.real_ns + INSTANT_NS)
    return any(
        operation.ended_ns >= band.injecting.real_ns and (not struck or _touches(case, operation, struck))
        for operation in _sent_before(case, ends_ns)
    )


def _sent_before(case: Case, at_ns: int) -> tuple[Operation, ...]:
    operations = case.history.operations
    return operations[: bisect_left(operations, at_ns, key=lambda operation: operation.started_ns)]


def _touches(case: Case, operation: Operation, nodes: list[str]) -> bool:
    """Answered there, bound there, or with a session that lives there; also an act, which every node must hear of."""
    if operation.place in nodes or operation.invoke.bound_to in nodes or operation.invoke.action is not None:
        return True
    born = case.credentials.session_shown(operation)
    return born is not None and born.node in nodes


FAULT_CONFIRMED = Checker("Was every fault in force, and did it hit anybody?", check)
