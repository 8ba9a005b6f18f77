"""Which client belongs to which node, as far as this balancer has seen. Pure: time is handed in.

The cookie (or the address) is the truth of a binding and survives the balancer; this table is memory on top of it. It
counts the sessions a node still has, and holds a client that fails over in one place while its old cookie is in flight.
A table entry may be forgotten at any time, so it is bounded by number and by idle time, and by size: a client may be
named by what somebody else wrote, a session cookie or an address from a header.
"""

from collections import Counter, OrderedDict
from hashlib import blake2b

_NAME_BYTES = 64
"""Longer names are kept as a digest; those of Tomcat's sessions, our cookie and addresses are shorter."""


class Binding:
    """One client's node; `cookie` is the value that client was last given, in cookie mode."""

    __slots__ = ("cookie", "node_id", "seen_ms")

    def __init__(self, node_id: str, seen_ms: int, cookie: bytes = b"") -> None:
        self.node_id = node_id
        self.seen_ms = seen_ms
        self.cookie = cookie


class Bindings:
    """Clients by key, the longest silent first. `idle_ms` is policy time."""

    def __init__(self, *, limit: int, idle_ms: int) -> None:
        self._limit = limit
        self._idle_ms = idle_ms
        self._by_client: OrderedDict[bytes, Binding] = OrderedDict()
        self._per_node: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._by_client)

    def sessions(self, node_id: str) -> int:
        """How many clients are bound to that node."""
        return self._per_node[node_id]

    def seen(self, client: bytes, now_ms: int) -> Binding | None:
        """The client's binding, now the freshest one; None for a client we do not know."""
        if len(client) > _NAME_BYTES:
            client = _digest(client)
        binding = self._by_client.get(client)
        if binding is not None:
            binding.seen_ms = now_ms
            self._by_client.move_to_end(client)
        return binding

    def bind(self, client: bytes, node_id: str, now_ms: int, cookie: bytes = b"") -> Binding:
        """Binds the client to that node, wherever it was before."""
        if len(client) > _NAME_BYTES:
            client = _digest(client)
        old = self._by_client.pop(client, None)
        if old is not None:
            self._per_node[old.node_id] -= 1
        elif len(self._by_client) >= self._limit:
            self._forget_oldest()
        binding = Binding(node_id, now_ms, cookie)
        self._by_client[client] = binding
        self._per_node[node_id] += 1
        return binding

    def expire(self, now_ms: int) -> None:
        """Forgets clients that have been silent for too long."""
        while self._by_client:
            oldest = next(iter(self._by_client.values()))
            if now_ms - oldest.seen_ms <= self._idle_ms:
                return
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, binding = self._by_client.popitem(last=False)
        self._per_node[binding.node_id] -= 1


def _digest(client: bytes) -> bytes:
    return blake2b(client, digest_size=32).digest()
