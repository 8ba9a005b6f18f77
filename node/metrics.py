"""Prometheus metrics of one node. Collected from the counters when somebody scrapes, so they cost requests nothing.

`NAMES` documents every family; seconds are real. What a delivery has no notion of has a family without samples.
"""

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from node.parts import Node
from shared.actions import Action

PREFIX = "dcsim_app_"

_GAUGES = {
    "applied_position": "Position in the invalidation log up to which this node has applied everything.",
    "log_head": "The latest position this node has heard of.",
    "lag": "Positions known and not applied.",
    "lease_left_seconds": "How long this node may go on trusting its caches without new proof.",
    "canary_age_seconds": "Since the last canary came through the bus.",
    "web_sessions": "Web sessions in memory.",
    "crowd_entries": "Crowd entries in memory.",
    "in_flight": "Requests being served.",
}
_COUNTERS = {
    "gaps": "Hints that came while an earlier one was missing.",
    "replays": "Readings of the log to catch up.",
    "replayed": "Entries applied from the log instead of from a hint.",
    "fences": "Times the lease ran out and the database was asked instead of memory.",
    "floors": "Times every session had to be asked about once.",
    "heartbeats_failed": "Attempts to renew the lease that failed.",
    "requests": "Requests begun.",
    "stale_accepts_found": "Sessions the auditor found alive that should have been dead.",
    "directory_readings": "Looks at the directory for a live session.",
    "anonymizations": "Users anonymized by this node.",
}
_LABELLED = {
    "queue_depth": ("destination", "Messages that a node has not acknowledged."),
    "logins": ("result", "Attempts to log in by password."),
    "remember_me_logins": ("judgement", "Remember-me cookies judged; 'good' ones log in."),
    "invalidations": ("action", "Invalidating actions performed by this node."),
}
NAMES = tuple(PREFIX + name for name in (*_GAUGES, *_COUNTERS, *_LABELLED))
"""Counters appear with `_total` behind their name."""


def exposition(node: Node) -> bytes:
    """The metrics of this node in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Metrics(node))
    return generate_latest(registry)


class _Metrics(Collector):
    def __init__(self, node: Node) -> None:
        self._node = node

    def collect(self) -> Iterable[Metric]:
        gauges, counters = _gauges(self._node), _counters(self._node)
        for name, text in _GAUGES.items():
            yield GaugeMetricFamily(PREFIX + name, text, value=gauges.get(name))
        for name, text in _COUNTERS.items():
            yield CounterMetricFamily(PREFIX + name, text, value=counters.get(name, 0))
        yield from self._labelled()

    def _labelled(self) -> Iterable[Metric]:
        node = self._node
        depths = _family(GaugeMetricFamily, "queue_depth", node.delivery.facts().undelivered)
        logins = {result.name.lower(): count for result, count in node.logins.results.items()}
        by_cookie = {judgement.name.lower(): count for judgement, count in node.logins.by_cookie_results.items()}
        yield depths
        yield _family(CounterMetricFamily, "logins", logins)
        yield _family(CounterMetricFamily, "remember_me_logins", by_cookie)
        yield _family(CounterMetricFamily, "invalidations", node.receipts.counts)


def _family(
    kind: type[GaugeMetricFamily] | type[CounterMetricFamily], name: str, values: Mapping[str, int]
) -> GaugeMetricFamily | CounterMetricFamily:
    label, text = _LABELLED[name]
    family = kind(PREFIX + name, text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family


def _gauges(node: Node) -> dict[str, float | None]:
    facts = node.delivery.facts()
    return {
        "applied_position": facts.applied,
        "log_head": facts.head,
        "lag": facts.lag,
        "lease_left_seconds": facts.lease_left_s,
        "canary_age_seconds": facts.canary_age_s,
        "web_sessions": len(node.caches.web_sessions),
        "crowd_entries": len(node.caches.crowd),
        "in_flight": node.meter.in_flight,
    }


def _counters(node: Node) -> dict[str, int]:
    return {
        **{name: count for name, count in node.delivery.facts().counters.items() if name in _COUNTERS},
        "floors": node.caches.floors,
        "requests": node.meter.total,
        "stale_accepts_found": node.auditor.found,
        "directory_readings": node.reader.readings,
        "anonymizations": node.receipts.counts[Action.ANONYMIZE],
    }
