"""`convergence`: once everything is healed and quiet, do the caches agree with the database again?"""

from collections.abc import Iterable

from compose.drills.case.scope import Scope
from compose.drills.case.words import several
from compose.drills.checkers.checker import Checker, judged, unknown
from compose.drills.checkers.stale_accepts import evidence_of
from compose.drills.finding import Evidence, Finding, Measure
from compose.drills.history.history import NEVER_NS
from compose.drills.history.records import Reading
from compose.drills.scenario.model import Part, Real, real

PROBE = "caches.divergent"


class Settings(Part):
    """`grace`: how long after the last heal the cluster may need before nothing stale is accepted any more."""

    grace: Real = real("2s")


def check(scope: Scope, settings: Settings) -> Finding:
    """Judged are readings after the last heal, or after the last act when there was no fault, and the last of them
    decides; and requests after the grace. What was read of some nodes only is enough when it leaves out none."""
    faults = scope.history.faults
    lasting = [band for band in faults if band.ends_ns == NEVER_NS]
    if lasting:
        return unknown(f"{lasting[0].fault} ({lasting[0].kind} on {lasting[0].target}) was never healed.")
    ends = [band.ends_ns for band in faults] or [act.operation.ended_ns for act in scope.case.acts.all]
    healed_ns = max((end for end in ends if end != NEVER_NS), default=0)
    readings = [
        reading
        for reading in scope.history.readings
        if reading.probe == PROBE and reading.real_ns >= healed_ns and reading.real_ns in scope.window
    ]
    last = _last(readings)
    divergent = [piece for reading in last for piece in _divergent(reading)]
    missing = None if divergent else _missing(last, scope.case.nodes)
    if missing is not None:
        return unknown(f"{PROBE} was not read after everything had been healed{missing}.")
    quiet_ns = healed_ns + round(settings.grace.ms * 1e6)
    stale = [one for one in scope.stale if one.operation.started_ns > quiet_ns]
    bad = [*divergent, *map(evidence_of, stale)]
    asked = sum(one.operation.started_ns > quiet_ns for one in scope.stale_opportunities)
    return judged(
        bad,
        len(readings) + asked,
        good="After the last heal the caches agree with the database, and nobody was let in by anything older.",
        bad=f"{several(len(bad), 'sign')} that the caches did not come to agree with the database.",
        nothing="Nothing was looked at after the last heal.",
        measures={"divergent": Measure(max((_number(reading.value) or 0 for reading in last), default=None))},
    )


def _last(readings: list[Reading]) -> list[Reading]:
    """The last of the whole cluster, and the last of each part of it that was read later."""
    found: dict[str | None, Reading] = {}
    for reading in readings:
        if not reading.where:
            found.clear()
        found[reading.where.get("node")] = reading
    return list(found.values())


def _missing(last: list[Reading], nodes: Iterable[str]) -> str | None:
    """What nobody knows of the caches in the end; None when all of them were read."""
    unread = next((reading for reading in last if reading.value is None), None)
    if unread is not None:
        return f": {unread.error}" if unread.error else ""
    read = {reading.where.get("node") for reading in last}
    left_out = [node for node in nodes if node not in read]
    return None if None in read or not left_out else f" on {', '.join(left_out)}"


def _divergent(reading: Reading) -> list[Evidence]:
    if reading.value is None or _number(reading.value) == 0:
        return []
    where = f" on {reading.where['node']}" if "node" in reading.where else ""
    return [Evidence(f"{PROBE} is {reading.value}{where} at the end", real_ns=reading.real_ns)]


def _number(value: float | str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


CONVERGENCE = Checker("Do the caches agree with the database once everything is healed?", check, Settings)
