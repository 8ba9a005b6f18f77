"""Metrics of the service: answers, failures, latency, detection, recovery.

Latency and rate leave out requests under way while policy time jumped: everything waits for a jump, and that is the
drill's own doing.
"""

from bisect import bisect_left

from compose.drills.case.outages import outages
from compose.drills.case.scope import Scope
from compose.drills.case.troubles import struck_nodes
from compose.drills.history.history import FaultBand, Operation
from compose.drills.metrics.metric import percentile

JUMP_MS = 100
"""A change of policy time by more than this is a jump, and no new rate."""
_GONE = ("node.crash", "node.hang", "node.stop", "link")


def requests(scope: Scope) -> float | None:
    """Requests sent (count). None of anybody in the whole run is no number, it is no traffic."""
    return len(scope.operations) if scope.history.operations else None


def rate(scope: Scope) -> float | None:
    """Requests sent for each second of real time, without those under way during a jump of policy time (count)."""
    return len(undisturbed(scope)) * 1000 / scope.real_ms if scope.real_ms > 0 and scope.operations else None


def failed_requests(scope: Scope) -> float | None:
    """Requests without a proper answer: none at all, the balancer's own, or a 5xx (count)."""
    return sum(operation.is_failed for operation in scope.operations) if scope.operations else None


def failed_rate(scope: Scope) -> float | None:
    """Share of requests without a proper answer (ratio)."""
    failed = failed_requests(scope)
    return None if failed is None else failed / len(scope.operations)


def latency_p50(scope: Scope) -> float | None:
    """Half of the well answered requests took at most so long, from when they were due (real ms)."""
    return percentile(latencies(scope), 50)


def latency_p95(scope: Scope) -> float | None:
    """95 % of the well answered requests took at most so long, from when they were due (real ms)."""
    return percentile(latencies(scope), 95)


def latency_p99(scope: Scope) -> float | None:
    """99 % of the well answered requests took at most so long, from when they were due (real ms)."""
    return percentile(latencies(scope), 99)


def longest_outage(scope: Scope) -> float | None:
    """The longest stretch in which every request that was sent failed, up to the sending of the next good one
    (real ms); 0 when none failed."""
    if not scope.operations:
        return None
    return max((one.real_ms for one in outages(scope.operations, ends_ns=scope.ends_ns)), default=0.0)


def time_to_recover(scope: Scope) -> float | None:
    """From the first fault until requests were answered well again and stayed so (real ms): until the sending of the
    first good one after the last that failed, 0 when none failed, and at least to the end when none was good again."""
    begins = [band.injecting.real_ns for band in scope.history.faults if band.injecting.real_ns in scope.window]
    if not begins or not scope.operations:
        return None
    after = [operation for operation in scope.operations if operation.started_ns >= begins[0]]
    found = outages(after, ends_ns=scope.ends_ns)
    return (found[-1].ends_ns - begins[0]) / 1e6 if found else 0.0


def moved_requests(scope: Scope) -> float | None:
    """Requests answered by another node than the one their route named (count)."""
    bound = [operation for operation in scope.operations if operation.invoke.bound_to is not None]
    return sum(is_moved(operation) for operation in bound) if bound else None


def detection_time(scope: Scope) -> float | None:
    """From a node's fault until the balancer kept people away from it (real ms), the longest over all such faults.

    That moment is the first request of somebody bound to the node that another node answered well, after the last one
    for that node that failed. It is as exact as requests are dense, and later than the truth, never earlier. None while
    nobody was ever sent elsewhere."""
    times = [
        seen
        for band in scope.history.faults
        if band.injecting.real_ns in scope.window and band.kind.startswith(_GONE)
        for node in struck_nodes(band, scope.case.nodes)
        if (seen := _detected_ms(scope, band, node)) is not None
    ]
    return max(times, default=None)


def is_moved(operation: Operation) -> bool:
    bound_to = operation.invoke.bound_to
    return operation.is_answered_by_node and bound_to is not None and operation.node != bound_to


def latencies(scope: Scope) -> list[float]:
    """In real ms, of well answered requests that no jump of policy time disturbed; quick refusals by the balancer would
    flatter them."""
    return [
        latency
        for operation in undisturbed(scope)
        if not operation.is_failed and (latency := operation.latency_ms) is not None
    ]


def undisturbed(scope: Scope) -> list[Operation]:
    """Those that were not under way while policy time jumped."""
    jumps = sorted(
        change.real_ns for change in scope.history.clock_changes if change.policy_ms - change.before_ms > JUMP_MS
    )
    if not jumps:
        return list(scope.operations)

    def overlaps(operation: Operation) -> bool:
        at = bisect_left(jumps, min(operation.started_ns, operation.invoke.intended_ns))
        return at < len(jumps) and jumps[at] <= operation.ended_ns

    return [operation for operation in scope.operations if not overlaps(operation)]


def _detected_ms(scope: Scope, band: FaultBand, node: str) -> float | None:
    began_ns = band.injecting.real_ns
    bound = [
        operation
        for operation in scope.operations
        if operation.invoke.bound_to == node and began_ns <= operation.started_ns <= band.ends_ns
    ]
    last_failed_ns = max((operation.started_ns for operation in bound if operation.is_failed), default=began_ns - 1)
    moved = [operation.started_ns for operation in bound if is_moved(operation) and not operation.is_failed]
    first_ns = min((at for at in moved if at > last_failed_ns), default=None)
    return None if first_ns is None else (first_ns - began_ns) / 1e6
