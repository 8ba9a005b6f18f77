"""The whole picture as JSON: what the operator, the console and the stats page are shown."""

from typing import TYPE_CHECKING, Any

from loadbalancer.bindings import Bindings
from loadbalancer.nodes import Node

if TYPE_CHECKING:
    from loadbalancer.app import Balancer


def describe(balancer: "Balancer", now: float) -> dict[str, Any]:
    """Everything. `now` is the event loop's clock; ages are seconds of real time."""
    settings, journal = balancer.settings, balancer.journal
    return {
        "sticky": settings.sticky,
        "placement": settings.placement,
        "route_cookie": settings.route_cookie,
        "health_naive": settings.health_naive,
        "stopping": balancer.path.stopping,
        "connections": len(balancer.connections),
        "bindings": len(balancer.bindings),
        "requests": journal.requests,
        "reasons": {str(reason): count for reason, count in journal.reasons.items() if reason is not None},
        "own_answers": {str(error): count for error, count in journal.errors.items()},
        "cut": dict(journal.cuts),
        "discovery": balancer.following.describe(now),
        "nodes": [describe_node(node, balancer.bindings, now) for node in balancer.roster],
    }


def describe_node(node: Node, bindings: Bindings, now: float) -> dict[str, Any]:
    """One row: both axes, what is bound and running, rates, errors, checks, last change."""
    counters = node.counters
    return {
        "id": node.id,
        "host": node.upstream.host,
        "port": node.upstream.port,
        "operator_url": node.upstream.operator_url,
        "health": node.health,
        "operator": node.wish,
        "listed": node.listed,
        "takes_new": node.admission.new,
        "takes_bound": node.admission.bound,
        "weight": round(node.weight(now), 3),
        "sessions": bindings.sessions(node.id),
        "in_flight": len(node.running),
        "requests": counters.requests,
        "requests_per_s": round(counters.rate.per_s, 1),
        "answers": {f"{hundred}xx": count for hundred, count in counters.answers.items()},
        "latency_p50_s": counters.latency.quantile(0.5),
        "latency_p99_s": counters.latency.quantile(0.99),
        "errors": counters.errors,
        "connects": counters.connects,
        "connect_errors": counters.connect_errors,
        "lost": counters.lost,
        "timeouts": counters.timeouts,
        "bad_answers": counters.bad_answers,
        "retries": counters.retries,
        "moved_away": counters.moved_away,
        "bytes_in": counters.bytes_in,
        "bytes_out": counters.bytes_out,
        "restarts": node.restarts,
        "clock_offset_s": round(node.clock_offset.ns / 1e9, 6),
        "clock_offset_bound_s": round(node.clock_offset.bound_ns / 1e9, 6),
        "checks": counters.checks,
        "checks_failed": counters.checks_failed,
        "last_check": node.check_words,
        "last_change": node.change_words,
        "last_change_s_ago": round(now - node.changed_at, 3),
    }
