"""Under what conditions a variant ran, and what about it is real: what a reader must know before he trusts a number."""

from collections.abc import Mapping
from dataclasses import dataclass

from compose.drills.history.records import NodeCondition
from compose.drills.report.variant import Variant
from compose.durations import in_words

_FIDELITY = {
    "processes": "Each node and the balancer was a real process of its own on one machine, Postgres and Valkey or "
    "Redis were the real servers, and every request went over real sockets.",
    "docker": "Each node and the balancer was a container of its own, Postgres and Redis were the real servers, and "
    "every request went over container networks.",
    "swarm": "Each node and the balancer was a service of Docker Swarm, Postgres and Redis were the real servers, and "
    "every request went over overlay networks.",
}
_PEOPLE = "The people were simulated: their decisions come from the seed, their cookie jars live in policy time."


@dataclass(frozen=True)
class Conditions:
    variant: str
    nodes: list[tuple[str, str, str]]
    rows: list[tuple[str, str]]
    limits: list[tuple[str, str]]
    switches: list[tuple[str, str]]
    fidelity: str
    clock: str


def conditions_of(variant: Variant) -> Conditions:
    opened = variant.opened
    return Conditions(
        variant.name,
        _nodes(variant),
        [
            ("delivery of invalidations", opened.delivery),
            ("sticky by", opened.sticky),
            ("runs on", opened.on),
            ("started", f"{opened.started_utc} (real)"),
            ("lasted", f"{variant.history.ends_ns / 1e9:.1f} s (real)"),
            ("requests", str(len(variant.history.operations))),
        ],
        [(_name(name), _limit(name, value)) for name, value in sorted(opened.limits.items())],
        [(name.replace("_", " "), str(value).lower()) for name, value in sorted(_plain(opened.switches).items())],
        f"{_FIDELITY.get(opened.on, f'Where it ran: {opened.on}.')} {_PEOPLE}",
        _clock(variant),
    )


def _plain(switches: Mapping[str, object]) -> dict[str, object]:
    return {str(name): value for name, value in switches.items()}


def _nodes(variant: Variant) -> list[tuple[str, str, str]]:
    """Each node, the versions it ran, and how often its memory was lost."""
    rows = []
    for node in variant.nodes:
        changes = [change for change in variant.history.node_changes if change.node == node]
        versions = dict.fromkeys([variant.opened.nodes.get(node, ""), *(change.version for change in changes)])
        downs = sum(change.condition is NodeCondition.DOWN for change in changes)
        lies = {change.says_version for change in changes if change.says_version not in (None, change.version)}
        said = f" (says {', '.join(sorted(map(str, lies)))})" if lies else ""
        rows.append((node, " → ".join(filter(None, versions)) + said, _times(downs)))
    return rows


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")


def _limit(name: str, value: int | None) -> str:
    if value is None:
        return "none"
    unit_ms = {"ms": 1, "s": 1000}.get(name.rpartition("_")[2])
    return str(value) if unit_ms is None else f"{in_words(value * unit_ms)} (policy)"


def _name(limit: str) -> str:
    """Without its unit, which the value has."""
    return limit.removesuffix("_ms").removesuffix("_s").replace("_", " ")


def _clock(variant: Variant) -> str:
    jumps = variant.timeline.jumps
    skipped = sum(jump.skipped_ms for jump in jumps)
    rates = {change.rate for change in variant.history.clock_changes if change.rate}
    parts = [
        f"Policy time was moved in {len(jumps)} jump{'' if len(jumps) == 1 else 's'} over {in_words(skipped)} (policy)"
        if jumps
        else "Policy time was never made to jump"
    ]
    if rates:
        parts.append(f"it ran at up to {max(rates):g} policy seconds a real second")
    late = sorted({name for change in variant.history.clock_changes for name in change.late})
    if late:
        parts.append(f"late for the clock: {', '.join(late)}")
    apart = [abs(one.says_ms - one.policy_ms) for one in variant.history.clock_readings if one.says_ms is not None]
    if apart:
        parts.append(f"in {len(apart)} readings no process was more than {max(apart)} ms (policy) off")
    return "; ".join(parts) + "."
