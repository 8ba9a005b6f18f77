"""This node's place in the cluster: it joins, beats its heart in policy time, and leaves politely if it can."""

from node.store import cluster_nodes
from node.store.cluster_nodes import ClusterNode
from node.store.engine import Database
from shared.clock import PolicyClock
from shared.errors import DependencyError
from shared.log import get_logger
from shared.settings import NodeSettings

log = get_logger()

ACTIVE = "ACTIVE"
OFFLINE = "OFFLINE"
NO_HEARTBEAT_MS = 5 * 60_000
"""Without a heartbeat for this long (policy) a node is not alive, though REST still calls it ACTIVE."""
CACHE_LISTENER_PORT = 40001


def is_alive(node: ClusterNode, *, now_ms: int) -> bool:
    return node.state == ACTIVE and now_ms - node.heartbeat_ms < NO_HEARTBEAT_MS


class Membership:
    """Registers the node and keeps its heart beating."""

    def __init__(self, database: Database, clock: PolicyClock, settings: NodeSettings) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._interval_ms = int(settings.heartbeat_s * 1000)

    async def join(self) -> None:
        settings, now_ms = self._settings, self._clock.now_ms()
        async with self._database.transaction() as connection:
            await cluster_nodes.join(
                connection,
                ClusterNode(
                    node_id=settings.node_id,
                    state=ACTIVE,
                    state_changed_ms=now_ms,
                    ip=settings.host,
                    cache_listener_port=CACHE_LISTENER_PORT,
                    build_number=settings.version.build_number,
                    version=settings.version.full,
                    url=settings.url,
                    heartbeat_ms=now_ms,
                ),
            )

    async def run(self) -> None:
        """Beats until cancelled."""
        await self._clock.every(self._interval_ms, self._beat)

    async def _beat(self) -> None:
        """A database that is away costs heartbeats, never the node."""
        try:
            async with self._database.transaction() as connection:
                await cluster_nodes.beat(connection, self._settings.node_id, now_ms=self._clock.now_ms())
        except DependencyError as error:
            log.warning("heartbeat not written", error=str(error))

    async def leave(self) -> None:
        """A node that is stopped politely is OFFLINE at once; one that is killed stays ACTIVE for a while."""
        try:
            async with self._database.transaction() as connection:
                await cluster_nodes.set_state(connection, self._settings.node_id, OFFLINE, now_ms=self._clock.now_ms())
        except DependencyError as error:
            log.warning("leaving without telling the cluster", error=str(error))
