"""Metrics of invalidation: what was accepted after it, for how long, and how long it took."""

from statistics import fmean

from compose.drills.case.scope import Scope
from compose.drills.case.stale import windows_of
from compose.drills.metrics.metric import percentile

_HEARD = frozenset({"applied", "fenced"})


def stale_accepts(scope: Scope) -> float | None:
    """Requests let in by something that an act had ended before they were sent (count)."""
    return len(scope.stale) if scope.stale_opportunities else None


def stale_window_max(scope: Scope) -> float | None:
    """The longest time from an act's return to the last request that a node let in by something older (policy ms).
    0 when such requests were refused from the beginning."""
    windows = windows_of(scope.stale)
    return max((window.policy_ms for window in windows), default=_nothing_stale(scope))


def stale_window_mean(scope: Scope) -> float | None:
    """The mean of those times over each act, person and node that let anything stale in at all (policy ms)."""
    windows = windows_of(scope.stale)
    return fmean(window.policy_ms for window in windows) if windows else _nothing_stale(scope)


def stale_window_real_max(scope: Scope) -> float | None:
    """The longest of those times as a stopwatch shows it (real ms)."""
    windows = windows_of(scope.stale)
    return max((window.real_ms for window in windows), default=_nothing_stale(scope))


def invalidation_p99(scope: Scope) -> float | None:
    """From the commit of an act until a node had applied it or was fenced, as the receipts tell, the 99th percentile
    over acts and nodes (real ms). None where more than one in a hundred is not known to have heard: then nobody knows
    how long those took."""
    parts = [
        part for receipt in scope.history.receipts if receipt.real_ns in scope.window for part in receipt.nodes.values()
    ]
    took = [after_ms for outcome, after_ms in parts if outcome in _HEARD]
    return percentile(took, 99) if (len(parts) - len(took)) * 100 <= len(parts) else None


def _nothing_stale(scope: Scope) -> float | None:
    return 0.0 if scope.stale_opportunities else None
