"""`redis.outage` and `postgres.outage`: the server is stopped, killed, or stands still. Three failures, three drills.

Only servers that dcsim started are treated so. A server of the user's own is left alone; instead every node's link to
it is broken: reset for stop and kill, frozen for pause. The confirmation says so.
"""

from typing import ClassVar, Literal
from urllib.parse import urlsplit

from compose.cluster.processes import ProcessState
from compose.cluster.stores import OwnServer
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.faults.from_outside import Answer, greet
from compose.drills.faults.link import Freeze, LinkFault, Reset
from compose.drills.scene import Scene
from compose.drills.targets import ARROW, TargetKind
from shared.errors import OperatorError

How = Literal["stop", "pause", "kill"]


class StoreOutage(Fault):
    """`stop` is polite, `kill` is not, `pause` leaves connections open and answers nothing."""

    targets = TargetKind.STORE
    only: ClassVar[str]
    server: ClassVar[str]
    hello: ClassVar[bytes]

    how: How = "stop"

    async def inject(self, scene: Scene, target: str) -> Hold:
        own = scene.stores.servers.get(self.server)
        if own is None:
            return await self._break_links(scene)
        if own.process.state is not ProcessState.UP:
            raise OperatorError(f"{own.process.name} is {own.process.state} already")
        hold = Outage(own, self.how, self.hello)
        async with or_heal(hold):
            await hold.begin()
        return hold

    async def _break_links(self, scene: Scene) -> Hold:
        fault: LinkFault = Freeze() if self.how == "pause" else Reset()
        names = [link.name for link in await scene.cluster.links.read() if link.name.endswith(ARROW + self.only)]
        if not names:
            raise OperatorError(
                f"{self.kind}: this {self.only} is not dcsim's to {self.how}, and no link leads to it that could be "
                f"broken instead; let dcsim bring its own (leave out --{self.only}-url)"
            )
        hold = CutOff(self.only, self.how, fault.relay_kind)
        async with or_heal(hold):
            for name in names:
                hold.links[name] = await fault.inject(scene, name)
        return hold


class RedisOutage(StoreOutage):
    """Valkey forgets everything when it is stopped or killed; dcsim keeps nothing there but messages on their way."""

    kind, only, server = "redis.outage", "redis", "valkey"
    hello = b"PING\r\n"


class PostgresOutage(StoreOutage):
    """What was committed is there again afterwards, also after a kill."""

    kind, only, server = "postgres.outage", "postgres", "postgres"
    hello = bytes.fromhex("0000000804d2162f")  # SSLRequest: a server that lives says S or N


class Outage:
    """A server of ours. Healing resumes or starts it, if it still is as this fault left it."""

    def __init__(self, server: OwnServer, how: How, hello: bytes) -> None:
        self._server = server
        self._how = how
        self._hello = hello
        self._is_open = True

    async def begin(self) -> None:
        match self._how:
            case "stop":
                await self._server.process.stop()
            case "kill":
                await self._server.process.kill()
            case "pause":
                await self._server.pause()

    async def confirm(self) -> str:
        where = urlsplit(self._server.url)
        seen = await greet(where.hostname or "", where.port or 0, self._hello)
        if seen is not (Answer.SILENT if self._how == "pause" else Answer.REFUSED):
            raise Unconfirmed(f"after {self._how} {self._server.process.name} still {seen.value}")
        return f"{self._server.process.name} ({self._how}): {seen.value}"

    async def heal(self) -> int | None:
        if not self._is_open:
            return None
        process = self._server.process
        if process.state is ProcessState.STOPPING:
            await process.ended(within_s=30.0)
        if self._how == "pause":
            await self._server.resume()
        elif process.state is ProcessState.DOWN:
            await self._server.start()
        self._is_open = False
        return None


class CutOff:
    """A server that is not ours, and every node cut off from it."""

    def __init__(self, store: str, how: How, relay_kind: str) -> None:
        self.links: dict[str, Hold] = {}
        self._words = (
            f"this {store} is not dcsim's to {how}, so it was left alone, and every node's link to it got {relay_kind}"
        )

    async def confirm(self) -> str:
        seen = [await link.confirm() for link in self.links.values()]
        return f"{self._words}: {'; '.join(seen)}"

    async def heal(self) -> int | None:
        hits = [await link.heal() or 0 for link in self.links.values()]
        return sum(hits)
