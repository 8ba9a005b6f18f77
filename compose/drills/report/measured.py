"""Rates and latencies over real time, in slices, and the limits that the drill's thresholds set on them.

Offered counts from when a request was due, completed from when its answer came. What failed has no latency, as in the
metrics: how fast an error came says nothing. A request under way while policy time jumped is left out, too: the jump is
the drill's doing, not the cluster's.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from compose.drills.history.history import Operation
from compose.drills.history.records import Outcome
from compose.drills.judging.judgement import Verdicted
from compose.drills.report.variant import Variant

SLICES = 60
_SHORTEST_NS = 100_000_000
_LATENCY = re.compile(r"(?:p\(\d+(?:\.\d+)?\)|avg|med|min|max)\s*[<>]=?\s*(\d+(?:\.\d+)?)")
_PHASE = re.compile(r"\{[^}]*\bphase:\s*([a-z]+)")
_RATE = re.compile(r"rate\s*[<>]=?\s*(\d*\.?\d+)")


class Limit(NamedTuple):
    """A threshold as it is drawn: `value` in ms, or as a share from 0 to 1; `phase` is the one it is limited to."""

    words: str
    value: float
    phase: str | None = None


@dataclass(frozen=True)
class Slices:
    """One value for each slice; None where there was nothing. Rates are per real second, latencies in real ms."""

    middles_s: list[float]
    offered: list[float]
    completed: list[float]
    failed: list[float]
    failed_share: list[float | None]
    p50: list[float | None]
    p95: list[float | None]
    slowest: list[float | None]
    left_out: int
    """Requests that were under way during a jump of policy time."""


def slices_of(variant: Variant) -> Slices:
    ends_ns = max(variant.history.ends_ns, 1)
    length_ns = max(ends_ns // SLICES + 1, _SHORTEST_NS)
    count = ends_ns // length_ns + 1
    length_s = length_ns / 1e9
    due, answered, failed = [0] * count, [0] * count, [0] * count
    latencies: list[list[float]] = [[] for _ in range(count)]
    jumps = [jump.starts_ns for jump in variant.timeline.jumps]
    left_out = 0
    for operation in variant.history.operations:
        due[_slice(operation.invoke.intended_ns, length_ns, count)] += 1
        if operation.completion is None:
            continue
        at = _slice(operation.completion.real_ns, length_ns, count)
        if operation.is_failed:
            failed[at] += 1
        elif operation.outcome is Outcome.OK:
            answered[at] += 1
        if operation.latency_ms is None or operation.is_failed:
            continue
        if _is_across(operation, jumps):
            left_out += 1
        else:
            latencies[_slice(operation.started_ns, length_ns, count)].append(operation.latency_ms)
    return Slices(
        [(at + 0.5) * length_s for at in range(count)],
        [one / length_s for one in due],
        [one / length_s for one in answered],
        [one / length_s for one in failed],
        [bad / (good + bad) if good + bad else None for good, bad in zip(answered, failed, strict=True)],
        [_quantile(some, 0.5) for some in latencies],
        [_quantile(some, 0.95) for some in latencies],
        [max(some, default=None) for some in latencies],
        left_out,
    )


@dataclass(frozen=True)
class Totals:
    """Of a whole variant. Latencies in real ms, None without any; `failed` got no proper answer."""

    offered: int
    completed: int
    failed: int
    p50: float | None
    p95: float | None
    p99: float | None
    slowest: float | None


def totals_of(variant: Variant) -> Totals:
    jumps = [jump.starts_ns for jump in variant.timeline.jumps]
    operations = variant.history.operations
    latencies = [
        latency
        for operation in operations
        if (latency := operation.latency_ms) is not None
        and not operation.is_failed
        and not _is_across(operation, jumps)
    ]
    failed = sum(operation.is_failed for operation in operations)
    return Totals(
        len(operations),
        len(operations) - failed,
        failed,
        _quantile(latencies, 0.5),
        _quantile(latencies, 0.95),
        _quantile(latencies, 0.99),
        max(latencies, default=None),
    )


def _slice(real_ns: int, length_ns: int, count: int) -> int:
    return min(max(real_ns, 0) // length_ns, count - 1)


def _is_across(operation: Operation, jumps: Sequence[int]) -> bool:
    return bisect_right(jumps, operation.ended_ns) > bisect_right(jumps, operation.invoke.intended_ns)


def _quantile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that is not below so large a share of them."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * share) - 1)] if ordered else None


def latency_limits(thresholds: Iterable[Verdicted]) -> list[Limit]:
    return _limits(thresholds, "latency", _LATENCY)


def failure_limits(thresholds: Iterable[Verdicted]) -> list[Limit]:
    return _limits(thresholds, "failed", _RATE)


def rate_limits(thresholds: Iterable[Verdicted]) -> list[Limit]:
    return _limits(thresholds, "requests", _RATE)


def _limits(thresholds: Iterable[Verdicted], metric: str, pattern: re.Pattern[str]) -> list[Limit]:
    """`latency{phase:method}: p(95)<200` is one on `latency`."""
    found: dict[Limit, None] = {}
    for one in thresholds:
        match = pattern.search(one.id)
        if match is not None and re.match(rf"\s*{metric}\b", one.id):
            phase = _PHASE.search(one.id)
            found[Limit(one.id, float(match.group(1)), None if phase is None else phase.group(1))] = None
    return list(found)
