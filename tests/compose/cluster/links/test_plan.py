"""Which links a cluster has, and who dials what."""

import itertools
from urllib.parse import urlsplit

import pytest

from compose.cluster.links.plan import RelayHosts, draw_links, no_links
from compose.cluster.wiring import Address, Backing, Seat

NODES = {"node-1": Address(1, 2), "node-2": Address(3, 4)}
OURS = Backing("postgresql://me:p%40ss@127.0.0.1:700/dcsim_1", "redis://:secret@127.0.0.1:800/0", "dcsim_1")


def draw(backing=OURS):
    ports = itertools.count(9001)
    return draw_links(NODES, backing, reserve=lambda: next(ports))


def test_each_link_leads_where_its_name_says():
    """The balancer to every node, every node to both stores; only the way to Redis carries messages."""
    links = {link.name: (link.target_host, link.target_port, link.redis) for link in draw().links}
    assert links == {
        "balancer->node-1": ("127.0.0.1", 1, False),
        "balancer->node-2": ("127.0.0.1", 3, False),
        "node-1->postgres": ("127.0.0.1", 700, False),
        "node-1->redis": ("127.0.0.1", 800, True),
        "node-2->postgres": ("127.0.0.1", 700, False),
        "node-2->redis": ("127.0.0.1", 800, True),
    }


def test_everybody_is_told_the_port_of_his_link():
    """And everything else of the URL stays."""
    plan = draw()
    ports = {link.name: link.port for link in plan.links}
    assert [(one.id, one.host, one.port) for one in plan.upstreams] == [
        ("node-1", "127.0.0.1", ports["balancer->node-1"]),
        ("node-2", "127.0.0.1", ports["balancer->node-2"]),
    ]
    assert [one.operator_url for one in plan.upstreams] == ["http://127.0.0.1:2", "http://127.0.0.1:4"]
    for node in NODES:
        backing = plan.backings[node]
        assert backing.postgres_url == f"postgresql://me:p%40ss@127.0.0.1:{ports[f'{node}->postgres']}/dcsim_1"
        assert backing.redis_url == f"redis://:secret@127.0.0.1:{ports[f'{node}->redis']}/0"
        assert backing.redis_namespace == "dcsim_1"


def test_a_store_elsewhere_is_reached_through_a_link_as_well():
    """At its usual port when its URL names none."""
    plan = draw(Backing("postgresql://me@db.example/x", "redis://[::1]", "n"))
    targets = {link.name: (link.target_host, link.target_port) for link in plan.links}
    assert targets["node-1->postgres"] == ("db.example", 5432)
    assert targets["node-1->redis"] == ("::1", 6379)
    assert urlsplit(plan.backings["node-2"].redis_url).hostname == "127.0.0.1"


@pytest.mark.parametrize("ssl", ["require", "verify-full", "prefer"])
def test_a_store_with_tls_is_dialled_directly(ssl):
    """Its certificate is made out to its own name."""
    backing = Backing(f"postgresql://me@db.example/x?ssl={ssl}", "rediss://bus.example/0", "n")
    plan = draw(backing)
    assert [link.name for link in plan.links] == ["balancer->node-1", "balancer->node-2"]
    assert plan.backings["node-1"] == backing


def test_without_links_everybody_dials_directly():
    plan = no_links(NODES, OURS)
    assert plan.links == ()
    assert [(one.id, one.port) for one in plan.upstreams] == [("node-1", 1), ("node-2", 3)]
    assert plan.backings == {"node-1": OURS, "node-2": OURS}


def test_on_networks_of_their_own_the_relay_has_a_name_for_each():
    """Whoever leaves a network loses the links that run over it, and no others."""
    seat = Seat("0.0.0.0", 8080, "10.0.3.4", 8081, "10.0.0.4", "10.0.3.4")
    relay = RelayHosts("10.0.0.3", "10.0.1.3", "10.0.2.3")
    plan = draw_links({"node-1": Address(1, 2, seat)}, OURS, reserve=itertools.count(7001).__next__, relay=relay)

    (upstream,) = plan.upstreams
    assert (upstream.host, upstream.port, upstream.operator_url) == ("10.0.0.3", 7001, "http://10.0.3.4:8081")
    assert (plan.links[0].target_host, plan.links[0].target_port) == ("10.0.0.4", 8080)
    assert urlsplit(plan.backings["node-1"].postgres_url).hostname == "10.0.1.3"
    assert urlsplit(plan.backings["node-1"].redis_url).hostname == "10.0.2.3"
