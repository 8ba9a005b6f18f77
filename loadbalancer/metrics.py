"""Prometheus metrics. Collected from the counters when somebody scrapes, so that they cost requests nothing."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from loadbalancer.measures import BOUNDS_S, Histogram
from loadbalancer.nodes import Node
from loadbalancer.policy import Health, Wish

if TYPE_CHECKING:
    from loadbalancer.app import Balancer

_NODE_COUNTERS = {
    "requests": "Attempts to have a request served by this node.",
    "connects": "Connections opened to this node.",
    "connect_errors": "Connections that could not be opened.",
    "lost": "Connections that broke before their answer was complete.",
    "timeouts": "Requests this node did not answer in time.",
    "bad_answers": "Answers that were no HTTP/1.1.",
    "retries": "Requests sent again after this node failed them.",
    "moved_away": "Requests of clients bound here that another node served.",
    "bytes_in": "Bytes of request bodies.",
    "bytes_out": "Bytes of answers.",
    "checks": "Health checks.",
    "checks_failed": "Health checks that did not find the node running.",
}


def exposition(balancer: "Balancer") -> bytes:
    """The metrics of this balancer in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Metrics(balancer))
    return generate_latest(registry)


class _Metrics(Collector):
    def __init__(self, balancer: "Balancer") -> None:
        self._balancer = balancer

    def collect(self) -> Iterable[Metric]:
        yield from self._of_process()
        nodes = list(self._balancer.roster)
        yield from _counters(nodes)
        yield from _gauges(nodes, self._balancer)
        latency = HistogramMetricFamily("dcsim_node_latency_seconds", "Whole requests, real time.", labels=["node"])
        answers = CounterMetricFamily(
            "dcsim_node_answers", "Answers by hundred of their status.", labels=["node", "class"]
        )
        for node in nodes:
            latency.add_metric([node.id], _buckets(node.counters.latency), node.counters.latency.sum_s)
            for hundred, count in node.counters.answers.items():
                answers.add_metric([node.id, f"{hundred}xx"], count)
        yield latency
        yield answers

    def _of_process(self) -> Iterable[Metric]:
        journal = self._balancer.journal
        yield GaugeMetricFamily("dcsim_client_connections", "Open client connections.", len(self._balancer.connections))
        yield CounterMetricFamily("dcsim_requests", "Requests that ended.", journal.requests)
        routes = CounterMetricFamily("dcsim_routes", "Requests by route reason.", labels=["reason"])
        for reason, count in journal.reasons.items():
            if reason is not None:
                routes.add_metric([reason], count)
        own = CounterMetricFamily("dcsim_own_answers", "Answers the balancer gave by itself.", labels=["error"])
        for error, count in journal.errors.items():
            own.add_metric([error], count)
        cut = CounterMetricFamily("dcsim_cut", "Exchanges broken off, by reason.", labels=["why"])
        for why, count in journal.cuts.items():
            cut.add_metric([why], count)
        yield from (routes, own, cut)
        yield from self._of_discovery()

    def _of_discovery(self) -> Iterable[Metric]:
        following = self._balancer.following
        looks = CounterMetricFamily("dcsim_discovery_looks", "Looks for nodes, by how they went.", labels=["outcome"])
        looks.add_metric(["good"], following.looks.good)
        looks.add_metric(["failed"], following.looks.failed)
        yield looks
        yield GaugeMetricFamily(
            "dcsim_discovery_up", "1 if the last look for nodes was good.", following.looks.trouble is None
        )
        yield GaugeMetricFamily(
            "dcsim_discovery_mistakes", "What the last look found wrong.", len(following.looks.last.mistakes)
        )
        yield GaugeMetricFamily(
            "dcsim_discovery_leaving", "Nodes no longer named and not yet gone.", len(following.leaving)
        )


def _counters(nodes: list[Node]) -> Iterable[Metric]:
    for name, text in _NODE_COUNTERS.items():
        family = CounterMetricFamily(f"dcsim_node_{name}", text, labels=["node"])
        for node in nodes:
            family.add_metric([node.id], getattr(node.counters, name))
        yield family


def _gauges(nodes: list[Node], balancer: "Balancer") -> Iterable[Metric]:
    sessions = GaugeMetricFamily("dcsim_node_sessions", "Clients bound to this node.", labels=["node"])
    running = GaugeMetricFamily("dcsim_node_in_flight", "Requests running on this node.", labels=["node"])
    health = GaugeMetricFamily("dcsim_node_health", "1 for what the checks say.", labels=["node", "health"])
    wish = GaugeMetricFamily("dcsim_node_operator", "1 for what the operator wants.", labels=["node", "operator"])
    for node in nodes:
        sessions.add_metric([node.id], balancer.bindings.sessions(node.id))
        running.add_metric([node.id], len(node.running))
        for one in Health:
            health.add_metric([node.id, one], node.health is one)
        for other in Wish:
            wish.add_metric([node.id, other], node.wish is other)
    yield from (sessions, running, health, wish)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Prometheus's buckets are cumulative."""
    total = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip([*map(str, BOUNDS_S), "+Inf"], histogram.counts, strict=True):
        total += count
        buckets.append((bound, total))
    return buckets
