"""What every fault is: settings that check themselves, and what it does to a connection."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from compose.cluster.links.connection import Connection


class Fault(BaseModel):
    """A fault's settings. State of single connections is kept in their stages, never here.

    `refuses`: nobody may connect. `connects`: who connects is connected to the target, rather than left waiting.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str] = "none"
    refuses: ClassVar[bool] = False
    connects: ClassVar[bool] = True
    needs_redis: ClassVar[bool] = False

    def begin(self, connection: Connection) -> int:
        """Puts the fault on a connection, old or just accepted. Returns how many hits that counts for by itself."""
        return 0

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.model_dump(exclude_none=True)}


NO_FAULT = Fault()
