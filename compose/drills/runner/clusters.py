"""The clusters of a run's variants: what a drill says of them, as specs."""

import secrets
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from compose.cluster.configured import Configured, configured
from compose.cluster.ground import Ground
from compose.cluster.handle import Cluster
from compose.cluster.spec import Balancing, ClusterSpec, Limits, NodeSpec, Tuning, numbered_nodes
from compose.drills.scenario.drill import Drill
from shared.clock import Anchor
from shared.jira_config import read_files
from shared.settings import LoginRules

NEIGHBOUR = "neighbour"
QUICK_ARGON2_KIB = 8
"""What a password costs to check is not what a drill rehearses, and hundreds of people log in."""


async def standing_cluster(
    stack: AsyncExitStack, drill: Drill, folder: Path, ground: Ground, anchor: Anchor
) -> tuple[Cluster, Cluster | None]:
    """The drill's cluster, and its neighbour's if it has one, until the stack unwinds. Files that the drill imports are
    relative to `folder`. Errors as in `start_cluster_at`, and OperatorError for files that cannot be used."""
    spec = cluster_spec(drill, anchor, folder)
    name = secrets.token_hex(2)
    cluster = await stack.enter_async_context(ground.start(spec, name=name))
    neighbour = neighbour_spec(drill, spec)
    if neighbour is None:
        return cluster, None
    return cluster, await stack.enter_async_context(ground.start(neighbour, name=f"{name}-{NEIGHBOUR}"))


def cluster_spec(drill: Drill, anchor: Anchor, folder: Path) -> ClusterSpec:
    section = drill.cluster
    files = _imported(drill, folder)
    limits = files.limits if section.session.import_ else _limits(drill)
    health = section.balancer.health
    return ClusterSpec(
        numbered_nodes(section.nodes.count, version=section.nodes.version, versions=section.nodes.versions),
        delivery=section.delivery,
        sticky=section.balancer.sticky,
        balancer=section.balancer.kind,
        context_path=section.context_path,
        switches=section.switches,
        limits=replace(limits, crowd_ttl_s=section.crowd.ttl.ms // 1000),
        login_rules=files.login_rules,
        clock=anchor,
        balancing=Balancing(
            placement=section.balancer.placement,
            health_interval_s=health.interval.s,
            health_timeout_s=health.timeout.s,
            health_fall=health.fall,
            health_rise=health.rise,
            health_naive=health.naive,
            passive_failures=None if health.passive else 0,
        ),
        tuning=Tuning(
            heartbeat_s=section.heartbeat.s,
            lease_s=section.lease.s,
            lame_duck_s=section.lame_duck.s,
            max_failed_logins=section.max_failed_logins,
            argon2_memory_kib=QUICK_ARGON2_KIB,
        ),
    )


def neighbour_spec(drill: Drill, spec: ClusterSpec) -> ClusterSpec | None:
    """One node of another application, on the same host name and another port."""
    wanted = drill.cluster.neighbour
    if wanted is None:
        return None
    rules = LoginRules(session_cookie=wanted.session_cookie)
    return replace(
        spec, nodes=(NodeSpec(NEIGHBOUR, spec.nodes[0].version),), context_path=wanted.context_path, login_rules=rules
    )


def _limits(drill: Drill) -> Limits:
    session = drill.cluster.session
    return Limits(
        session_idle_s=session.idle.ms // 1000,
        session_max_age_s=None if session.max_age is None else session.max_age.ms // 1000,
        remember_me_age_s=session.remember_me_age.ms // 1000,
    )


def _imported(drill: Drill, folder: Path) -> Configured:
    """Files are recognised by what they contain, as by `dcsim config explain`."""
    names = drill.cluster.session.import_
    return configured(read_files([folder / name for name in names])) if names else Configured()
