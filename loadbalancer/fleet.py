"""Nodes coming, going and changing while traffic runs: the roster together with connections and running requests.

Called by `discovery` for whoever names the nodes and by `admin` for the operator. What the two axes mean is `policy`'s;
what follows from a change for the requests on that node is here.
"""

from loadbalancer.datapath import DataPath
from loadbalancer.nodes import Node, NodeRules, Roster
from loadbalancer.policy import CheckRules, Health, Wish
from shared.errors import CallerError
from shared.log import get_logger
from shared.settings import BalancerSettings, Upstream

log = get_logger()

_FORGOTTEN_MAX = 256
"""Nodes that are gone of which the history is kept, the latest."""


class Fleet:
    """The nodes, as something that changes."""

    def __init__(self, settings: BalancerSettings, roster: Roster, path: DataPath) -> None:
        self._roster = roster
        self._path = path
        self._forgotten: dict[str, Node] = {}
        self._shutdown_sessions = settings.shutdown_sessions
        self._rules = NodeRules(
            checks=CheckRules(fall=settings.health_fall, rise=settings.health_rise),
            passive_failures=settings.passive_failures,
            ejection_s=settings.passive_ejection_s,
            ejection_max_s=settings.passive_ejection_max_s,
            slow_start_s=settings.slow_start_s,
        )

    def join(self, upstream: Upstream, now: float) -> Node:
        """As `put`, while traffic runs: a node that was not there before is the freshest."""
        is_new = self._roster.get(upstream.id) is None
        freshest = max((node.freshness for node in self._roster), default=-1)
        node = self.put(upstream, now)
        if is_new:
            node.joined_at_restart = freshest + 1
        return node

    def put(self, upstream: Upstream, now: float) -> Node:
        """Adds a node, or gives the one of that id a new address. It serves after its first good check."""
        known = self._roster.get(upstream.id)
        if known is not None and known.upstream == upstream:
            known.named(True, now)
            return known
        old = known or self._forgotten.pop(upstream.id, None)
        node = Node(upstream, self._rules, now=now) if old is None else old.moved(upstream, now)
        node.on_change = self._changed
        self._path.open_pool(upstream)
        self._roster.put(node)
        return node

    def remove(self, node_id: str) -> None:
        """Takes a node out for good. What runs on it may finish; its clients move with their next request."""
        node = self.get(node_id)
        self._roster.remove(node.id)
        self._path.close_pool(node.id)

    def forget(self, node_id: str) -> None:
        """Takes out a node that nobody names any more. Should it come back, it is the same one after a restart."""
        node = self.get(node_id)
        self.remove(node_id)
        node.wish = Wish.READY
        self._forgotten[node_id] = node
        if len(self._forgotten) > _FORGOTTEN_MAX:
            del self._forgotten[next(iter(self._forgotten))]

    def get(self, node_id: str) -> Node:
        """Raises CallerError 404 for a node nobody told us of."""
        node = self._roster.get(node_id)
        if node is None:
            known = ", ".join(one.id for one in self._roster) or "none"
            raise CallerError(404, f"there is no node {node_id!r:.80}; known: {known}")
        return node

    def wish(self, node_id: str, wish: Wish, now: float) -> Node:
        """Moves the operator's axis."""
        node = self.get(node_id)
        node.wanted(wish, now)
        return node

    def close(self) -> None:
        for node in self._roster:
            self._path.close_pool(node.id)

    def _changed(self, node: Node, old: Health, new: Health) -> None:
        log.info("node changed", node=node.id, was=old, health=new, wish=node.wish, why=node.change_words)
        if new is Health.DOWN and old is not Health.DOWN:
            self._path.pool(node).clear()
            if self._shutdown_sessions and not node.checks_say_stopping:
                for running in list(node.running):
                    running.node_down()
