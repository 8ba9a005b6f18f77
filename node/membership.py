"""This node's place in the cluster: it joins, beats its heart in policy time, looks after nodes that no longer do, and
leaves politely if it can."""

from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncConnection

from node.cluster import ACTIVE, NO_HEARTBEAT_MS, OFFLINE, Fate, fate
from node.store import anonymizations, cluster_nodes, leases
from node.store.cluster_nodes import ClusterNode
from node.store.engine import Database
from node.upgrading import Upgrading
from shared.clock import PolicyClock
from shared.errors import DependencyError
from shared.log import get_logger
from shared.settings import NodeSettings

log = get_logger()

CACHE_LISTENER_PORT = 40001


class Membership:
    """Registers the node and keeps its heart beating. `shut_down` ends this node; it is called when the cluster has
    given it up, unless that is switched off."""

    def __init__(
        self,
        database: Database,
        clock: PolicyClock,
        settings: NodeSettings,
        upgrading: Upgrading,
        *,
        shut_down: Callable[[], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._upgrading = upgrading
        self._shut_down = shut_down
        self._interval_ms = int(settings.heartbeat_s * 1000)
        self._beaten_ms = clock.now_ms()

    async def join(self) -> None:
        settings, now_ms = self._settings, self._clock.now_ms()
        async with self._database.transaction() as connection:
            # Whoever invalidates reads under the head lock whom to tell: it finds us there, or is over before we serve.
            await leases.lock_head_shared(connection)
            await cluster_nodes.join(
                connection,
                ClusterNode(
                    node_id=settings.node_id,
                    state=ACTIVE,
                    state_changed_ms=now_ms,
                    ip=urlsplit(settings.url).hostname or settings.host,
                    cache_listener_port=CACHE_LISTENER_PORT,
                    build_number=settings.version.build_number,
                    version=settings.version.full,
                    url=settings.url,
                    heartbeat_ms=now_ms,
                ),
            )
            await anonymizations.give_up(connection, settings.node_id, now_ms=now_ms)
            await self._upgrading.notice(connection)

    async def run(self) -> None:
        """Beats until cancelled."""
        await self._clock.every(self._interval_ms, self._beat)

    async def leave(self) -> None:
        """A node that is stopped politely is OFFLINE at once; one that is killed stays ACTIVE for a while."""
        try:
            async with self._database.transaction() as connection:
                await cluster_nodes.set_state(connection, self._settings.node_id, OFFLINE, now_ms=self._clock.now_ms())
                await self._upgrading.notice(connection)
        except DependencyError as error:
            log.warning("leaving without telling the cluster", error=str(error))

    async def _beat(self) -> None:
        """A database that is away costs heartbeats, never the node."""
        try:
            async with self._database.transaction() as connection:
                await self._beat_on(connection)
        except DependencyError as error:
            log.warning("heartbeat not written", error=str(error))

    async def _beat_on(self, connection: AsyncConnection) -> None:
        """Judges the others only if its own heart has been beating: when policy time has jumped by days, everybody has
        been silent, and each beat after the jump would end whoever has not yet woken up."""
        node_id, now_ms = self._settings.node_id, self._clock.now_ms()
        was_awake = now_ms - self._beaten_ms < NO_HEARTBEAT_MS
        self._beaten_ms = now_ms
        own = await cluster_nodes.find(connection, node_id)
        if own is None or own.state == OFFLINE:
            self._given_up()
            return
        await cluster_nodes.beat(connection, node_id, now_ms=now_ms)
        await self._upgrading.notice(connection, may_judge=was_awake)
        if was_awake:
            await self._look_after_others(connection, now_ms)

    def _given_up(self) -> None:
        if self._settings.self_shutdown_if_offline:
            log.warning("the cluster has given this node up; it shuts itself down")
            self._shut_down()
        else:
            log.warning("the cluster has given this node up; it goes on because self-shutdown is off")

    async def _look_after_others(self, connection: AsyncConnection, now_ms: int) -> None:
        removes = self._settings.version.removes_lost_nodes
        for node in await cluster_nodes.all_nodes(connection):
            match fate(node, now_ms=now_ms, removes=removes):
                case Fate.GOES_OFFLINE:
                    await cluster_nodes.set_state(connection, node.node_id, OFFLINE, now_ms=now_ms)
                    log.warning("a node without heartbeat is offline", lost=node.node_id)
                case Fate.IS_REMOVED:
                    await cluster_nodes.remove(connection, node.node_id)
                    log.warning("a node that was offline is removed", lost=node.node_id)
                case Fate.STAYS:
                    pass
