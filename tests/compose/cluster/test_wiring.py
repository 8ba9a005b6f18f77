"""What each program is told, out of a spec."""

import pytest

from compose.cluster.spec import Balancing, ClusterSpec, Limits, NodeSpec, Tuning, numbered_nodes
from compose.cluster.wiring import Address, Backing, Seat, balancer_settings, node_settings
from shared.clock import Anchor
from shared.settings import Delivery, Placement, Sticky, Switches, Upstream
from shared.versions import JIRA_9_10

CLOCK = Anchor(3, 1_772_442_000_000, 17, 60.0)
BACKING = Backing("postgresql://me:secret@db/dcsim_1", "redis://:secret@bus/0", "dcsim_1")
SPEC = ClusterSpec(
    (NodeSpec("node-1"), NodeSpec("node-2", JIRA_9_10)),
    delivery=Delivery.LOCAL,
    context_path="/jira",
    switches=Switches(rest_delete_clears_tokens=False),
    limits=Limits(session_idle_s=60, session_max_age_s=70, crowd_ttl_s=80, remember_me_age_s=90),
)


def node_2(spec=SPEC):
    return node_settings(
        spec, spec.nodes[1], address=Address(1000, 1001), base_url="http://lb/jira", backing=BACKING, clock=CLOCK
    )


def test_a_node_is_told_everything_the_cluster_has_in_common():
    """And what is its own: id, version, ports."""
    settings = node_2()

    assert (settings.node_id, settings.version) == ("node-2", JIRA_9_10)
    assert (settings.port, settings.operator_port, settings.reuse_port) == (1000, 1001, True)
    assert (settings.url, settings.base_url, settings.context_path) == (
        "http://127.0.0.1:1000",
        "http://lb/jira",
        "/jira",
    )
    assert settings.postgres_url.get_secret_value() == BACKING.postgres_url
    assert settings.redis_url.get_secret_value() == BACKING.redis_url
    assert settings.redis_namespace == "dcsim_1"
    assert settings.admin_token.get_secret_value() == SPEC.admin_token
    assert (settings.clock, settings.delivery, settings.switches) == (CLOCK, Delivery.LOCAL, SPEC.switches)
    limits = settings.session_idle_s, settings.session_max_age_s, settings.crowd_ttl_s, settings.remember_me_age_s
    assert limits == (60, 70, 80, 90)


@pytest.mark.parametrize("sticky", Sticky)
def test_only_a_balancer_that_sticks_to_the_suffix_makes_nodes_write_one(sticky):
    """Otherwise a JSESSIONID is plain."""
    settings = node_2(ClusterSpec(numbered_nodes(2), sticky=sticky))

    assert settings.jvm_route == ("node-2" if sticky is Sticky.JVM_ROUTE else "")


def test_what_a_spec_leaves_open_stays_the_programs_own():
    """And what it says reaches them."""
    tuned = ClusterSpec(
        numbered_nodes(2),
        tuning=Tuning(heartbeat_s=7, lease_s=3, lame_duck_s=0, max_failed_logins=9, argon2_memory_kib=8),
        balancing=Balancing(Placement.PREFER_RESTARTED, 0.1, 0.2, health_fall=5, health_rise=4, health_naive=True),
    )
    node, plain = node_2(tuned), node_2()
    balancer = balancer_settings(tuned, address=Address(1, 2), upstreams=(), clock=CLOCK)

    assert (node.heartbeat_s, node.lease_s, node.lame_duck_s, node.max_failed_logins) == (7, 3, 0, 9)
    assert (node.argon2_memory_kib, plain.argon2_memory_kib, plain.lame_duck_s) == (8, 8 * 1024, 1)
    assert (balancer.placement, balancer.health_interval_s, balancer.health_timeout_s) == ("prefer-restarted", 0.1, 0.2)
    assert (balancer.health_fall, balancer.health_rise, balancer.health_naive) == (5, 4, True)
    assert balancer_settings(SPEC, address=Address(1, 2), upstreams=(), clock=CLOCK).health_interval_s == 0.5


def test_the_balancer_is_told_where_the_nodes_are():
    """As it is to dial them, in order, and the same clock."""
    upstreams = (Upstream(id="node-1", host="127.0.0.1", port=1), Upstream(id="node-2", host="127.0.0.1", port=3))
    settings = balancer_settings(SPEC, address=Address(1000, 1001), upstreams=upstreams, clock=CLOCK)

    assert settings.nodes == upstreams
    assert (settings.port, settings.admin_port, settings.reuse_port) == (1000, 1001, True)
    assert (settings.context_path, settings.sticky, settings.clock) == ("/jira", Sticky.COOKIE, CLOCK)
    assert settings.admin_token.get_secret_value() == SPEC.admin_token


def test_in_a_container_a_program_listens_where_it_is_and_is_known_where_it_is_published():
    """Its operator's door opens on the control network only; ports are nobody's to hold for it there."""
    seat = Seat("0.0.0.0", 8080, "10.0.3.4", 8081, "10.0.0.4", "10.0.3.4")
    settings = node_settings(
        SPEC,
        SPEC.nodes[0],
        address=Address(1000, 1001, seat),
        base_url="http://lb/jira",
        backing=BACKING,
        clock=CLOCK,
    )

    assert (settings.host, settings.port, settings.reuse_port) == ("0.0.0.0", 8080, False)
    assert (settings.operator_host, settings.operator_port) == ("10.0.3.4", 8081)
    assert settings.url == "http://127.0.0.1:1000"
