"""The life of one node: its parts are built, it serves, works in the background, and stops in order.

This and `web_app` are the only places that build the graph.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from node.admin_actions import AdminActions
from node.auditor import Auditor, run_audit
from node.caches import Caches
from node.crowd import CrowdCache
from node.filters.request_context import RequestMeter
from node.floor_cleaning import run_floor_cleaning
from node.invalidation import InvalidationDelivery
from node.invalidation.fenced import FencedDelivery
from node.invalidation.local import LocalDelivery
from node.invalidation.pubsub import PubSubDelivery
from node.invalidation.queue import QueueDelivery
from node.invalidation.receipts import Receipts
from node.life import NodeLife
from node.logins import Logins, SessionGuard
from node.membership import Membership
from node.operator import node_operator_app
from node.parts import Node
from node.passwords import Passwords
from node.session_gate import DirectoryReader
from node.store import schema
from node.store.engine import Database, open_database
from node.upgrading import Upgrading
from node.web_app import node_server
from node.web_sessions import SessionLimits, WebSessions
from shared.addresses import reachable_address
from shared.bus import Bus, RedisBus
from shared.clock import PolicyClock
from shared.contract import NodeState
from shared.log import get_logger
from shared.messages import Invalidation
from shared.serving import announce_ready, listen, serving
from shared.settings import Delivery, NodeSettings

log = get_logger()

SWEEP_MS = 60_000
"""Policy time between two clean-ups of what is overdue, as in Tomcat; lookups never wait for one."""
LEASE_POOL = 2
"""Connections that only heartbeats and replays use: a crowd of requests must not cost a node its lease."""


async def run_node(settings: NodeSettings, stop: asyncio.Event) -> None:
    """One node from its first to its last moment; returns when `stop` is set and the last request is answered.

    Raises OperatorError for a port that is taken and DependencyError when Postgres never answers.
    """
    app_socket = listen(settings.host, settings.port, reuse_port=settings.reuse_port)
    settings = _located(settings, port=app_socket.getsockname()[1])
    operator_socket = listen(settings.operator_host, settings.operator_port, reuse_port=settings.reuse_port)
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(open_node(settings, shut_down=stop.set))
        background = await stack.enter_async_context(asyncio.TaskGroup())
        operator = node_operator_app(node)
        await stack.enter_async_context(serving(operator, operator_socket, stop_grace_s=0))
        server = node_server(node, spawn=background.create_task)
        await stack.enter_async_context(serving(server, app_socket, stop_grace_s=settings.stop_grace_s))
        work = background.create_task(_work(node))
        await stop.wait()
        await _stop(node)
        work.cancel()


def _located(settings: NodeSettings, *, port: int) -> NodeSettings:
    """With the URL under which others reach the node, if nobody has said it: a container knows it only now."""
    host = reachable_address(settings.host)
    url = settings.url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return settings.model_copy(update={"url": url})


@asynccontextmanager
async def open_node(settings: NodeSettings, *, shut_down: Callable[[], None]) -> AsyncIterator[Node]:
    """Builds the parts; connects to nothing yet. `shut_down` is for a node that the cluster has given up."""
    clock = PolicyClock(settings.clock, skew_ms=settings.clock_skew_ms)
    caches = Caches(
        WebSessions(
            SessionLimits(
                idle_ms=settings.session_idle_s * 1000,
                max_age_ms=None if settings.session_max_age_s is None else settings.session_max_age_s * 1000,
                bot_killer=settings.switches.bot_killer,
            ),
            capacity=settings.max_sessions,
            id_suffix=f".{settings.jvm_route}" if settings.jvm_route else "",
        ),
        CrowdCache(ttl_ms=settings.crowd_ttl_s * 1000),
    )
    passwords = Passwords(memory_kib=settings.argon2_memory_kib, passes=settings.argon2_passes)
    async with (
        open_database(settings.postgres_url.get_secret_value(), pool_size=settings.pool_size) as database,
        open_database(settings.postgres_url.get_secret_value(), pool_size=LEASE_POOL) as lease_database,
        RedisBus.connect(settings.redis_url.get_secret_value()) as bus,
    ):
        try:
            delivery = choose_delivery(settings, lease_database, bus, caches)
            upgrading = Upgrading(
                database,
                clock,
                node_id=settings.node_id,
                version=settings.version,
                tasks_s=settings.upgrade_tasks_s,
            )
            receipts = Receipts()
            yield Node(
                settings=settings,
                clock=clock,
                caches=caches,
                database=database,
                passwords=passwords,
                logins=Logins(
                    database,
                    passwords,
                    caches,
                    clock,
                    remember_me_age_ms=_token_life_ms(settings),
                    max_failed_logins=settings.max_failed_logins,
                    session_guard=SessionGuard(
                        settings.login_rules.renew_session, settings.login_rules.forgotten_at_login
                    ),
                ),
                reader=DirectoryReader(database, caches),
                delivery=delivery,
                receipts=receipts,
                actions=AdminActions(
                    database,
                    passwords,
                    caches,
                    delivery,
                    receipts,
                    clock,
                    node_id=settings.node_id,
                    switches=settings.switches,
                ),
                auditor=Auditor(
                    caches,
                    lease_s=settings.lease_s,
                    chance=random.Random(settings.node_id),
                    may_trust_caches=delivery.may_trust_caches,
                    facts=delivery.facts,
                ),
                life=NodeLife(),
                upgrading=upgrading,
                membership=Membership(database, clock, settings, upgrading, shut_down=shut_down),
                meter=RequestMeter(),
            )
        finally:
            passwords.close()


def choose_delivery(settings: NodeSettings, database: Database, bus: Bus, caches: Caches) -> InvalidationDelivery:
    """A node older than 9.11 tells nobody and understands nobody, whatever the cluster is set to."""

    def apply(event: Invalidation) -> None:
        if event.user_key is None:
            caches.void_everyone(position=event.position)
            return
        voided = caches.void(event.user_key, epoch=event.epoch, spare=caches.spared_by(event.event_id))
        log.info("invalidation applied", event_id=event.event_id, origin=event.origin, sessions=voided.sessions)

    if settings.delivery is Delivery.LOCAL or not settings.version.invalidates_cluster_wide:
        return LocalDelivery(node_id=settings.node_id)
    channel = f"{settings.redis_namespace}:invalidation"
    if settings.delivery is Delivery.PUBSUB:
        return PubSubDelivery(bus, apply, node_id=settings.node_id, channel=channel)
    if settings.delivery is Delivery.QUEUE:
        queues = f"{settings.redis_namespace}:queue"
        return QueueDelivery(database, bus, apply, node_id=settings.node_id, channel=queues)
    return FencedDelivery(
        database,
        bus,
        apply,
        caches.raise_floor,
        node_id=settings.node_id,
        channel=channel,
        lease_s=settings.lease_s,
    )


def _token_life_ms(settings: NodeSettings) -> int:
    """How long a remember-me token is accepted. When Jira's arithmetic overflows, not for a moment."""
    return -1 if settings.login_rules.remember_me_overflows else settings.remember_me_age_s * 1000


async def _work(node: Node) -> None:
    """From STARTING to RUNNING: the schema, the bus, the cluster. Then whatever runs in the background."""
    await schema.prepare(node.database, now_ms=node.clock.now_ms(), hash_password=node.passwords.hash)
    listening = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(node.delivery.run(listening))
        await listening.wait()
        await node.membership.join()
        group.create_task(node.membership.run())
        group.create_task(node.upgrading.run())
        group.create_task(_sweep(node))
        group.create_task(run_floor_cleaning(node.caches, node.database))
        if node.delivery.tells:  # where nobody hears of anything, stale sessions are as documented
            group.create_task(run_audit(node.auditor, node.database))
        if node.settings.starting_s:
            await node.life.stay_starting(node.settings.starting_s)
        node.life.move(NodeState.RUNNING)
        announce_ready(node.settings.ready_fd, node=node.settings.node_id, url=node.settings.url)


async def _stop(node: Node) -> None:
    """Says STOPPING for a while, so that a balancer takes the node out before it stops listening."""
    node.life.move(NodeState.STOPPING)
    if node.life.has_run:
        await asyncio.sleep(node.settings.lame_duck_s)
        await node.membership.leave()
        await node.delivery.leave()


async def _sweep(node: Node) -> None:
    async def sweep() -> None:
        for _ in node.caches.sweep_in_chunks(now_ms=node.clock.now_ms()):
            await asyncio.sleep(0)

    await node.clock.every(SWEEP_MS, sweep)
