"""`clusterupgradestate`: one row for each state the cluster was in, the last one in force. Instants are policy ms."""

from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from node.upgrade import UpgradeState
from shared.schema import UPGRADE_LOCK, cluster_upgrade_states


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The state, the build and version the cluster was stable on, and who runs or ran the upgrade tasks."""

    state: UpgradeState
    build: int
    version: str
    executing_node: str | None = None


async def lock(connection: AsyncConnection) -> None:
    """Whoever changes the state waits for and holds this lock until commit."""
    await connection.execute(select(func.pg_advisory_xact_lock(UPGRADE_LOCK)))


async def latest(connection: AsyncConnection) -> Upgrade | None:
    """None while nobody has ever started an upgrade."""
    states = cluster_upgrade_states.c
    query = select(cluster_upgrade_states).order_by(states.order_number.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Upgrade(UpgradeState(row.state), row.cluster_build_number, row.cluster_version, row.executing_node)


async def append(connection: AsyncConnection, upgrade: Upgrade, *, now_ms: int) -> None:
    await connection.execute(
        insert(cluster_upgrade_states).values(
            state=upgrade.state,
            cluster_build_number=upgrade.build,
            cluster_version=upgrade.version,
            executing_node=upgrade.executing_node,
            database_time=now_ms,
        )
    )
