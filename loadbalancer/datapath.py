"""What all connections share: settings, nodes, routing, the pools, the journal and the lines added to every request.

Built by `app`, handed to each client connection and from there to each exchange. Owns no decision of its own.
"""

from loadbalancer.head import CRLF, Limits
from loadbalancer.journal import Journal
from loadbalancer.nodes import Node, Roster
from loadbalancer.policy import RetryBudget
from loadbalancer.routing import Router
from loadbalancer.upstream import Pool
from shared.clock import Anchor, AnchorSeal, PolicyClock
from shared.contract import CLOCK_STAMP, ROUTE_REASON, RouteReason
from shared.settings import BalancerSettings, Upstream

VIA = b"Via: 1.1 dcsim\r\n"
_ROUTE_LINES = {reason: f"{ROUTE_REASON}: {reason}\r\n".encode() for reason in RouteReason}
ANSWER_LINES = {reason: line + VIA for reason, line in _ROUTE_LINES.items()}
"""What every answer gets, by route reason."""

_OFFSETS_MAX = 256
"""Machines for which a stamp is kept at hand."""


class DataPath:
    """Shared by every connection of this process. `stopping`: finish what runs, begin nothing new."""

    def __init__(
        self, settings: BalancerSettings, *, roster: Roster, router: Router, clock: PolicyClock, journal: Journal
    ) -> None:
        self.settings = settings
        self.roster = roster
        self.router = router
        self.journal = journal
        self.limits = Limits(head_bytes=settings.max_head_bytes, fields=settings.max_fields)
        self.budget = RetryBudget(share=settings.retry_budget, burst=settings.retry_burst)
        self.stopping = False
        # What each request asks for, at hand: a look-up on the settings costs three times as much.
        self.trust_forwarded = settings.trust_forwarded
        self.first_byte_timeout_s = settings.first_byte_timeout_s
        self.keep_alive_s = settings.keep_alive_s
        self._pools: dict[str, Pool] = {}
        self._clock = clock
        self._seal = AnchorSeal(settings.admin_token.get_secret_value())
        self._stamped: Anchor | None = None
        self._request_lines: dict[int, dict[RouteReason, bytes]] = {}

    def request_lines(self, reason: RouteReason, offset_ns: int = 0) -> bytes:
        """What every request to a node gets: route reason, Via, and the clock, sealed once per anchor and for each
        distance between a node's monotonic clock and ours."""
        anchor = self._clock.anchor
        if anchor is not self._stamped:
            self._request_lines.clear()
            self._stamped = anchor
        lines = self._request_lines.get(offset_ns)
        if lines is None:
            if len(self._request_lines) >= _OFFSETS_MAX:
                self._request_lines.clear()
            stamp = f"{CLOCK_STAMP}: {self._seal.stamp(anchor.shifted(offset_ns))}".encode() + CRLF + VIA
            lines = {reason: line + stamp for reason, line in _ROUTE_LINES.items()}
            self._request_lines[offset_ns] = lines
        return lines[reason]

    def pool(self, node: Node) -> Pool:
        """The connections to that node. One that was just removed gets a pool for the requests it still has."""
        pool = self._pools.get(node.id)
        return pool if pool is not None else self.open_pool(node.upstream)

    def open_pool(self, upstream: Upstream) -> Pool:
        self.close_pool(upstream.id)
        settings = self.settings
        pool = Pool(upstream, self.limits, idle_max=settings.upstream_idle_max, idle_s=settings.upstream_idle_s)
        self._pools[upstream.id] = pool
        return pool

    def close_pool(self, node_id: str) -> None:
        if pool := self._pools.pop(node_id, None):
            pool.close()

    def trim_pools(self, now: float) -> None:
        for pool in self._pools.values():
            pool.trim(now)
