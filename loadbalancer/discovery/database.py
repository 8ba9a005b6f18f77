"""Nodes as the cluster knows them itself: the ACTIVE rows of `clusternode`, each with the URL its node wrote there.

A node writes its row before it serves and calls itself OFFLINE when it stops; one that was killed stays ACTIVE for a
long time, as in Jira. So a row says who belongs to the cluster, and the health checks say who is alive.
"""

from urllib.parse import urlsplit

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from loadbalancer.discovery.source import Sightings
from shared.errors import DependencyError
from shared.postgres_url import asyncpg_url
from shared.schema import cluster_nodes
from shared.settings import Upstream

_ACTIVE = select(cluster_nodes.c.node_id, cluster_nodes.c.url).where(cluster_nodes.c.node_state == "ACTIVE")


class ClusterNodeTable:
    """Asks Postgres. Raises OperatorError for a URL that is none."""

    lasting = False

    def __init__(self, url: str, *, timeout_s: float) -> None:
        parsed = asyncpg_url(url)
        self.words = f"table {cluster_nodes.name} of {parsed.render_as_string(hide_password=True)}"
        limits = {"timeout": timeout_s, "command_timeout": timeout_s}
        self._engine = create_async_engine(parsed, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=limits)

    async def look(self) -> Sightings:
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(_ACTIVE.order_by(cluster_nodes.c.node_id))).all()
        except DBAPIError as error:
            raise DependencyError(f"Postgres did not say who is in the cluster: {_first_line(error.orig)}") from error
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            raise DependencyError(f"Postgres cannot be reached: {_first_line(error) or 'it timed out'}") from error
        if not rows:
            raise DependencyError(f"table {cluster_nodes.name} has no ACTIVE node")
        nodes, mistakes = [], []
        for row in rows:
            try:
                nodes.append(_upstream(row.node_id, row.url))
            except ValueError:
                mistakes.append(f"{row.node_id} is in {cluster_nodes.name} with the url {row.url!r}, which is none")
        return Sightings(tuple(nodes), tuple(mistakes))

    async def close(self) -> None:
        await self._engine.dispose()


def _upstream(node_id: str, url: str) -> Upstream:
    """Raises ValueError for a row nobody can connect to."""
    parts = urlsplit(url)
    try:
        return Upstream(id=node_id, host=parts.hostname or "", port=parts.port or 80)
    except ValidationError as error:
        raise ValueError(str(error)) from error


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]
