"""Selectors against names: pure."""

import random

import pytest

from compose.drills.targets import Known, TargetKind, links_of, resolve
from shared.errors import OperatorError

NODES = ("node-1", "node-2", "node-3")
KNOWN = Known(NODES, links_of(NODES))


def nodes(selector, seed=1):
    return resolve(selector, TargetKind.NODE, KNOWN, random.Random(seed))


def links(selector, seed=1):
    return resolve(selector, TargetKind.LINK, KNOWN, random.Random(seed))


def test_a_name_a_list_and_all_mean_what_they_say():
    """In the order the cluster has them, each once."""
    assert nodes("node-2") == ("node-2",)
    assert nodes(["node-3", "node-1", "node-3"]) == ("node-1", "node-3")
    assert nodes("all") == NODES


def test_chance_is_the_seeds():
    """The same seed draws the same, and over many seeds everybody is drawn."""
    assert nodes("one", seed=7) == nodes("one", seed=7)
    assert {nodes("one", seed=seed) for seed in range(50)} == {("node-1",), ("node-2",), ("node-3",)}


@pytest.mark.parametrize(("share", "count"), [("1%", 1), ("50%", 1), ("67%", 2), ("100%", 3)])
def test_a_share_is_rounded_down_and_never_nobody(share, count):
    """50% of three is one: a fault strikes no more than was said."""
    assert len(nodes(share)) == count


def test_a_link_may_be_chosen_by_either_end():
    """`all->redis` is every node's link to it, `node-2->all` everything node-2 dials."""
    assert links("node-1->redis") == ("node-1->redis",)
    assert links("node-1:redis") == ("node-1->redis",)
    assert links("all->redis") == ("node-1->redis", "node-2->redis", "node-3->redis")
    assert links("node-2->all") == ("node-2->postgres", "node-2->redis")
    assert links("balancer->all") == ("balancer->node-1", "balancer->node-2", "balancer->node-3")
    assert links("all") == KNOWN.links
    assert len(links("balancer->50%")) == 1
    assert links("one->postgres")[0].endswith("->postgres")


@pytest.mark.parametrize(
    ("kind", "selector", "told"),
    [
        (TargetKind.NODE, "node-4", "there is node-1, node-2, node-3"),
        (TargetKind.NODE, "nod-2", "did you mean node-2?"),
        (TargetKind.NODE, None, "say which node it strikes"),
        (TargetKind.NODE, [], "say which node it strikes"),
        (TargetKind.NODE, "0%", "give 1% to 100%"),
        (TargetKind.NODE, "101%", "give 1% to 100%"),
        (TargetKind.LINK, "node-1", "there is no link 'node-1'"),
        (TargetKind.LINK, "node-1->redi", "did you mean node-1->redis?"),
        (TargetKind.LINK, "all->nowhere", "there is no link"),
        (TargetKind.STORE, "node-1", "this strikes store and nothing else"),
    ],
)
def test_a_selector_that_means_nobody_is_told_who_there_is(kind, selector, told):
    """An empty target is a mistake, not a quiet day."""
    with pytest.raises(OperatorError, match=told.replace("?", r"\?")):
        resolve(selector, kind, KNOWN, random.Random(1))


def test_what_there_is_one_of_needs_no_name():
    """A store, the balancer."""
    assert resolve(None, TargetKind.STORE, KNOWN, random.Random(1), only="redis") == ("redis",)
    assert resolve("balancer", TargetKind.BALANCER, KNOWN, random.Random(1)) == ("balancer",)


def test_names_of_nobody_are_nobody():
    """A cluster without links has none to cut."""
    with pytest.raises(OperatorError, match="this cluster has no links"):
        resolve("all", TargetKind.LINK, Known(NODES), random.Random(1))
