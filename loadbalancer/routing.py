"""From a request to a node: who is this client, where does it belong, and who takes it if that is not possible.

No I/O. The sticky modes differ only in how a request names its client and how a client learns its route; the rest is
one rule. Called by `exchange`, once per request and once more per retry.
"""

import secrets
from collections.abc import Collection
from typing import NamedTuple, Protocol

from loadbalancer.bindings import Bindings
from loadbalancer.cookie import CLIENT_LENGTH, Route, RouteCookie, find, find_all, take
from loadbalancer.head import RequestHead
from loadbalancer.nodes import Node, Roster
from loadbalancer.placement import Candidate, Placer
from loadbalancer.policy import reason_to_leave
from shared.clock import PolicyClock
from shared.contract import RouteReason

_FIELDS_REMEMBERED = 4096
_FIELD_BYTES = 512
"""How many Cookie fields are remembered, and how long each may be: together five megabytes with what they mean."""


class Claim(NamedTuple):
    """Who a request says it is: `client` is the key of its binding, `node_id` where it belongs; None: nobody, nowhere.

    `cookies` is the Cookie field as the node gets it, `told` the node that the client's own cookie names.
    """

    client: bytes | None
    node_id: str | None
    cookies: bytes
    told: str | None = None


class Choice(NamedTuple):
    """The node that gets a request, and why."""

    node: Node
    reason: RouteReason


class Stickiness(Protocol):
    """One sticky mode."""

    def claim(self, head: RequestHead, address: str) -> Claim:
        """Reads from a request which client this is."""
        ...

    def bind(self, claim: Claim, node_id: str) -> None:
        """Remembers that this client now belongs to that node."""
        ...

    def lines(self, claim: Claim, node_id: str) -> bytes:
        """Header lines for the answer, with which the client learns its route; empty when it knows already."""
        ...


class StickyByCookie:
    """Our own cookie names client and node. It never reaches a node, and is set only when the route changes."""

    def __init__(self, cookie: RouteCookie, bindings: Bindings, clock: PolicyClock) -> None:
        self._cookie = cookie
        self._bindings = bindings
        self._clock = clock
        self._verified: dict[bytes, Claim] = {}

    def claim(self, head: RequestHead, address: str) -> Claim:
        known = self._verified.get(head.cookies)
        if known is not None and known.client is not None:
            binding = self._bindings.seen(known.client, self._clock.now_ms())
            if binding is not None and binding.node_id == known.node_id:
                return known
        return self._read(head.cookies)

    def _read(self, field: bytes) -> Claim:
        value, cookies = take(field, self._cookie.name)
        if value is None:
            return Claim(None, None, cookies)
        now_ms = self._clock.now_ms()
        client = value[:CLIENT_LENGTH]
        binding = self._bindings.seen(client, now_ms)
        if binding is not None and binding.cookie == value:
            return self._remember(field, Claim(client, binding.node_id, cookies, binding.node_id))
        route = self._cookie.read(value)
        if route is None:
            return Claim(None, None, cookies)
        if binding is None:
            binding = self._bindings.bind(route.client, route.node_id, now_ms, value)
        return Claim(route.client, binding.node_id, cookies, route.node_id)

    def _remember(self, field: bytes, claim: Claim) -> Claim:
        """A Cookie field that was read and found genuine need not be read again while its client stays in place."""
        if len(field) <= _FIELD_BYTES:
            if len(self._verified) >= _FIELDS_REMEMBERED:
                self._verified.clear()
            self._verified[field] = claim
        return claim

    def bind(self, claim: Claim, node_id: str) -> None:
        if claim.client is not None:
            value = self._cookie.value(Route(claim.client, node_id))
            self._bindings.bind(claim.client, node_id, self._clock.now_ms(), value)

    def lines(self, claim: Claim, node_id: str) -> bytes:
        if claim.told == node_id:
            return b""
        client = claim.client or secrets.token_hex(CLIENT_LENGTH // 2).encode()
        return self._cookie.line(self._cookie.value(Route(client, node_id)))


class StickyByJvmRoute:
    """The suffix of the session cookie names the node, as Tomcat's jvmRoute writes it. We set no cookie.

    A client that had to move keeps its old suffix until its new node gives it a new session; the table keeps it in
    one place until then.
    """

    def __init__(self, session_cookie: str, roster: Roster, bindings: Bindings, clock: PolicyClock) -> None:
        self._name = session_cookie.encode()
        self._roster = roster
        self._bindings = bindings
        self._clock = clock

    def claim(self, head: RequestHead, address: str) -> Claim:
        """The first session cookie that leads somewhere, else the first with a suffix: another application of
        the same host may have its own sent along, and a node looks for its session in all of them too."""
        first = self._claim_of(find(head.cookies, self._name), head.cookies)
        if first.node_id is not None or head.cookies.count(self._name) < 2:
            return first
        claims = (self._claim_of(value, head.cookies) for value in find_all(head.cookies, self._name))
        return max(claims, key=lambda claim: (claim.node_id is not None, claim.client is not None), default=first)

    def _claim_of(self, value: bytes | None, cookies: bytes) -> Claim:
        session, _, suffix = (value or b"").rpartition(b".")
        if value is None or not session:
            return Claim(None, None, cookies)
        now_ms = self._clock.now_ms()
        binding = self._bindings.seen(value, now_ms)
        if binding is None:
            node = self._roster.get(suffix.decode("latin-1"))
            if node is None:
                return Claim(value, None, cookies)
            binding = self._bindings.bind(value, node.id, now_ms)
        return Claim(value, binding.node_id, cookies)

    def bind(self, claim: Claim, node_id: str) -> None:
        if claim.client is not None:
            self._bindings.bind(claim.client, node_id, self._clock.now_ms())

    def lines(self, claim: Claim, node_id: str) -> bytes:
        return b""


class StickyBySource:
    """The client's address names it. Everybody behind one address shares one node."""

    def __init__(self, bindings: Bindings, clock: PolicyClock) -> None:
        self._bindings = bindings
        self._clock = clock

    def claim(self, head: RequestHead, address: str) -> Claim:
        client = address.encode()
        binding = self._bindings.seen(client, self._clock.now_ms())
        return Claim(client, binding.node_id if binding else None, head.cookies)

    def bind(self, claim: Claim, node_id: str) -> None:
        if claim.client is not None:
            self._bindings.bind(claim.client, node_id, self._clock.now_ms())

    def lines(self, claim: Claim, node_id: str) -> bytes:
        return b""


class NotSticky:
    """Every request is a new client."""

    def claim(self, head: RequestHead, address: str) -> Claim:
        return Claim(None, None, head.cookies)

    def bind(self, claim: Claim, node_id: str) -> None:
        """Nothing to remember."""

    def lines(self, claim: Claim, node_id: str) -> bytes:
        return b""


_BOUND = RouteReason.BOUND  # a look-up on the class costs as much as a function call in Python 3.11


class Router:
    """Chooses nodes. Health always wins over stickiness."""

    def __init__(self, roster: Roster, stickiness: Stickiness, placer: Placer, bindings: Bindings) -> None:
        self.stickiness = stickiness
        self._roster = roster
        self._placer = placer
        self._bindings = bindings

    def choose(self, claim: Claim, now: float, *, tried: Collection[str] = ()) -> Choice | None:
        """The node for this client, never one in `tried`; None when nobody may take it.

        A client that belongs to a node not yet tried, after another one was, has been moved there meanwhile.
        """
        wanted = self._roster.get(claim.node_id)
        if wanted is not None and wanted.admission.bound and wanted.id not in tried:
            return Choice(wanted, RouteReason.REDISPATCHED if tried else _BOUND)
        node = self._place(now, tried)
        if node is None:
            return None
        self.stickiness.bind(claim, node.id)
        if claim.node_id is None:
            return Choice(node, RouteReason.NEW)
        if wanted is None:
            return Choice(node, RouteReason.REDISPATCHED)
        wanted.counters.moved_away += 1
        return Choice(node, reason_to_leave(wanted.health, wanted.wish))

    def _place(self, now: float, tried: Collection[str]) -> Node | None:
        candidates = [
            Candidate(node.id, node.weight(now), self._bindings.sessions(node.id), node.freshness)
            for node in self._roster
            if node.admission.new and node.id not in tried
        ]
        return self._roster.get(self._placer(candidates)) if candidates else None
