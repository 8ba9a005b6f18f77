"""The cluster's server id: made once, kept in Postgres, the same on every node."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from node import xsrf
from node.store.engine import Database
from shared.schema import properties

KEY = "jira.sid.key"


async def create_if_missing(connection: AsyncConnection) -> None:
    row = {"property_key": KEY, "property_value": xsrf.new_server_id()}
    await connection.execute(insert(properties).values(row).on_conflict_do_nothing())


class ServerId:
    """Read from Postgres once a node; it never changes. `known` is None until somebody asked."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.known: str | None = None

    async def get(self) -> str:
        """Raises DependencyError when Postgres does not answer and nobody asked before."""
        if self.known is None:
            async with self._database.transaction() as connection:
                query = select(properties.c.property_value).where(properties.c.property_key == KEY)
                self.known = (await connection.execute(query)).scalar_one()
        return self.known
