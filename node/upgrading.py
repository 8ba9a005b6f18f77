"""Carrying out a zero-downtime upgrade: joins the rules (`upgrade`) to the store, and runs the upgrade tasks.

The tasks last `tasks_s` of policy time, on the node that was asked: policy time, so that a rehearsal may skip them and
a paused one stands still in the middle of them. A node that dies meanwhile leaves a failed upgrade, which another node
notices by its heartbeat, or the node itself when it comes back.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from node.cluster import ACTIVE, is_alive
from node.store import cluster_nodes, upgrades
from node.store.cluster_nodes import ClusterNode
from node.store.engine import Database
from node.store.upgrades import Upgrade
from node.to_the_end import ToTheEnd
from node.upgrade import REFUSALS, Order, UpgradeState, ordered, with_builds
from shared.clock import PolicyClock
from shared.errors import CallerError, DependencyError
from shared.log import get_logger
from shared.versions import Version

log = get_logger()

RETRY_S = 0.5
"""Real time between two attempts to report the end of the tasks."""


class Upgrading:
    """The cluster's upgrade as one node sees and drives it."""

    def __init__(
        self, database: Database, clock: PolicyClock, *, node_id: str, version: Version, tasks_s: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._approved = asyncio.Event()
        self._is_executing = False
        self._to_the_end = ToTheEnd()
        self._node_id = node_id
        self._version = version
        self._tasks_ms = int(tasks_s * 1000)

    async def current(self) -> Upgrade:
        """The upgrade as the nodes that are there now make it."""
        async with self._database.transaction() as connection:
            await upgrades.lock(connection)
            return await self._observe(connection)

    async def order(self, order: Order) -> Upgrade:
        """Raises CallerError 409 when the order does not fit the state, and then nothing has changed."""
        return await self._to_the_end(self._carry_out(order))

    async def _carry_out(self, order: Order) -> Upgrade:
        begins = False
        try:
            async with self._database.transaction() as connection:
                await upgrades.lock(connection)
                upgrade = await self._observe(connection)
                state = ordered(upgrade.state, order)
                if state is None:
                    raise CallerError(409, REFUSALS[order])
                if begins := state is UpgradeState.RUNNING:
                    self._is_executing = True  # before the commit: a heartbeat that reads the row looks here
                executing = self._node_id if begins else None
                await self._enter(connection, replace(upgrade, state=state, executing_node=executing))
                upgrade = await self._observe(connection)
        except DependencyError:
            if begins:  # and nobody knows whether it was written; if so, `notice` finds that nobody runs the tasks
                self._is_executing = False
            raise
        if begins:
            self._approved.set()
        return upgrade

    async def run(self) -> None:
        """Runs what was approved here, until cancelled."""
        while True:
            await self._approved.wait()
            self._approved.clear()
            await self._clock.at(self._clock.now_ms() + self._tasks_ms, self._finish)
            while self._is_executing:
                await asyncio.sleep(RETRY_S)
                await self._finish()

    async def notice(self, connection: AsyncConnection, *, may_judge: bool = False) -> None:
        """Called when this node joins, leaves or beats: writes down what changed, and an upgrade that nobody carries
        out: its node is gone, or is this one, which has been restarted or never heard that it was to begin.

        Whether another node is gone is only looked at when the caller `may_judge`, having been awake itself.
        """
        latest = await upgrades.latest(connection)
        if latest is None or latest.state is UpgradeState.STABLE:
            return
        await upgrades.lock(connection)
        upgrade = await self._observe(connection)
        if upgrade.state is not UpgradeState.RUNNING:
            return
        is_dropped = self._is_mine(upgrade) and not self._is_executing
        if is_dropped or (may_judge and await self._is_gone(connection, upgrade.executing_node)):
            await self._enter(connection, replace(upgrade, state=UpgradeState.FAILED))

    def _is_mine(self, upgrade: Upgrade | None) -> bool:
        return upgrade is not None and (upgrade.state, upgrade.executing_node) == (UpgradeState.RUNNING, self._node_id)

    async def _is_gone(self, connection: AsyncConnection, node_id: str | None) -> bool:
        node = None if node_id is None else await cluster_nodes.find(connection, node_id)
        return node is None or not is_alive(node, now_ms=self._clock.now_ms())

    async def _observe(self, connection: AsyncConnection) -> Upgrade:
        """Reads the state, brings it in line with the nodes' builds, and writes down what that changed."""
        upgrade = await upgrades.latest(connection)
        active = [node for node in await cluster_nodes.all_nodes(connection) if node.state == ACTIVE]
        if upgrade is None or upgrade.state is UpgradeState.STABLE:
            return self._stable(active)
        state = with_builds(upgrade.state, [node.build_number for node in active], old_build=upgrade.build)
        if state is upgrade.state:
            return upgrade
        upgrade = replace(upgrade, state=state)
        await self._enter(connection, upgrade)
        return upgrade

    def _stable(self, active: Sequence[ClusterNode]) -> Upgrade:
        """A stable cluster runs the oldest build it has; a rehearsal may mix versions without ordering an upgrade."""
        oldest = min(active, key=lambda node: node.build_number, default=None)
        if oldest is None:
            return Upgrade(UpgradeState.STABLE, self._version.build_number, self._version.full)
        return Upgrade(UpgradeState.STABLE, oldest.build_number, oldest.version)

    async def _finish(self) -> None:
        """Writes down that the tasks are done; while the database is away they count as being executed."""
        try:
            async with self._database.transaction() as connection:
                await upgrades.lock(connection)
                if self._is_mine(await upgrades.latest(connection)):  # nobody took us for dead meanwhile
                    done = Upgrade(UpgradeState.STABLE, self._version.build_number, self._version.full)
                    await self._enter(connection, done)
        except DependencyError as error:
            log.warning("upgrade tasks cannot report their end yet", error=str(error))
        else:
            self._is_executing = False

    async def _enter(self, connection: AsyncConnection, upgrade: Upgrade) -> None:
        await upgrades.append(connection, upgrade, now_ms=self._clock.now_ms())
        log.info("cluster upgrade", state=upgrade.state, build=upgrade.build)
