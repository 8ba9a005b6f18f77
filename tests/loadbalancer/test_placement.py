"""Which node a client without a binding gets."""

from collections import Counter

import pytest

from loadbalancer.placement import PLACERS, Candidate, LeastSessions, PreferRestarted, RoundRobin
from shared.settings import Placement


def nodes(*, weights=(1.0, 1.0, 1.0), sessions=(0, 0, 0), restarts=(0, 0, 0)):
    return [Candidate(f"node-{i + 1}", weights[i], sessions[i], restarts[i]) for i in range(len(weights))]


def test_round_robin_takes_turns():
    """Nodes of equal weight are taken one after the other."""
    place = RoundRobin()
    assert [place(nodes()) for _ in range(6)] == ["node-1", "node-2", "node-3"] * 2


def test_round_robin_gives_a_slow_starter_its_share():
    """A node of half weight gets half as many clients, spread out."""
    place = RoundRobin()
    picks = [place(nodes(weights=(1.0, 0.5))) for _ in range(30)]
    assert Counter(picks) == {"node-1": 20, "node-2": 10}
    assert "node-2 node-2" not in " ".join(picks)


def test_round_robin_goes_on_when_a_node_leaves():
    """A node that is not a candidate any more leaves no gap and no memory."""
    place = RoundRobin()
    place(nodes())
    assert Counter(place(nodes()[1:]) for _ in range(10)) == {"node-2": 5, "node-3": 5}


def test_least_sessions_takes_the_emptiest():
    """The node with the fewest sessions gets the client; equals take turns."""
    place = LeastSessions()
    assert place(nodes(sessions=(5, 3, 4))) == "node-2"
    assert {place(nodes(sessions=(5, 3, 3))) for _ in range(2)} == {"node-2", "node-3"}


def test_least_sessions_spares_a_slow_starter():
    """An empty node at a tenth of its weight does not get everybody at once."""
    assert LeastSessions()(nodes(weights=(1.0, 0.1), sessions=(5, 0))) == "node-1"


def test_prefer_restarted_takes_who_has_it_behind():
    """During a rolling restart, clients go to nodes that were already restarted, the emptiest of them first."""
    place = PreferRestarted()
    assert place(nodes(sessions=(9, 8, 0), restarts=(1, 1, 0))) == "node-2"
    assert place(nodes(sessions=(9, 8, 0), restarts=(2, 1, 1))) == "node-1"


@pytest.mark.parametrize("placement", Placement)
def test_every_placement_has_a_placer(placement):
    """Each setting is implemented and chooses among what it is given."""
    assert PLACERS[placement]()(nodes()[1:2]) == "node-2"
