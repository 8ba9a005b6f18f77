"""`stickiness.lost`: clients lose what bound them to their node.

`restart`: the balancer goes and comes back with an empty memory. Who is bound by a cookie keeps his node, because the
cookie is the binding; who was known by his address is a stranger now. `strip-cookie`: from now on no browser keeps the
route cookie, as behind a proxy that strips it, and each request may go to another node.
"""

from typing import Literal

from compose.cluster.processes import ProcessState
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.scene import People, Scene
from compose.drills.targets import TargetKind
from shared.errors import OperatorError


class StickinessLost(Fault):
    """A restart is over when it is confirmed; there is nothing to heal. Stripping lasts until it is healed."""

    kind = "stickiness.lost"
    targets = TargetKind.BALANCER

    how: Literal["restart", "strip-cookie"]

    async def inject(self, scene: Scene, target: str) -> Hold:
        if self.how == "strip-cookie":
            if scene.people is None:
                raise OperatorError(
                    f"{self.kind}: strip-cookie is about people's cookies, and nobody uses this cluster"
                )
            return Stripped(scene.people)
        hold = Restarted(scene)
        async with or_heal(hold):
            await scene.cluster.restart_balancer()
        return hold


class Restarted:
    """Heals by starting the balancer, if it is down because its restart went wrong half way."""

    def __init__(self, scene: Scene) -> None:
        self._cluster = scene.cluster
        self._old_pid = scene.cluster.balancer.pid

    async def confirm(self) -> str:
        pid = self._cluster.balancer.pid
        if pid is None or pid == self._old_pid:
            raise Unconfirmed(f"the balancer should be another process now, and it is {pid}")
        words = f"the balancer was process {self._old_pid} and is {pid}"
        if (url := self._cluster.balancer_admin_url) is None:
            return words
        status = await self._cluster.client.status(url)
        return f"{words}; it has seen {status['requests']} requests and remembers {status['bindings']} clients"

    async def heal(self) -> int | None:
        if self._cluster.balancer.state is ProcessState.DOWN:
            await self._cluster.restart_balancer()
        return None


class Stripped:
    """`hits` are cookies that were thrown away."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._had_one = people.forget_routes()
        self._hits: int | None = None

    async def confirm(self) -> str:
        return f"{self._had_one} people had a route cookie and lost it; none is kept from now on"

    async def heal(self) -> int | None:
        if self._hits is None:
            self._hits = self._people.keep_routes()
        return self._hits
