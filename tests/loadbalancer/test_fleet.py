"""Nodes that join while traffic runs."""

from loadbalancer.fleet import Fleet
from loadbalancer.nodes import Roster
from shared.settings import BalancerSettings, Upstream


class NoPath:
    """Connections nobody opens."""

    def open_pool(self, upstream):
        pass

    def close_pool(self, node_id):
        pass


def upstream(number, port=1):
    return Upstream(id=f"node-{number}", host="127.0.0.1", port=port)


def test_a_node_that_joins_is_fresher_than_any_that_was_there():
    """As if it had been restarted last; one that only got a new address has not joined."""
    roster = Roster()
    fleet = Fleet(BalancerSettings(admin_token="a-token-for-tests"), roster, NoPath())
    one, two = fleet.put(upstream(1), 0.0), fleet.put(upstream(2), 0.0)
    two.restarts = 1

    three = fleet.join(upstream(3), 1.0)
    four = fleet.join(upstream(4), 2.0)
    moved = fleet.join(upstream(1, port=2), 3.0)

    assert [node.freshness for node in (one, two, three, four, moved)] == [0, 1, 2, 3, 0]
    assert three.restarts == 0
