"""`node.crash` and `node.stop`: a node that is not there any more, without a word or with one.

A crash takes the node away between two instructions: others go on believing in it. A polite stop says STOPPING, lets
running requests finish and leaves the cluster. Healing starts it again, as the version it had.
"""

from urllib.parse import urlsplit

from compose.cluster.processes import ProcessState
from compose.drills.conditions import note_condition
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.faults.from_outside import Answer, greet
from compose.drills.history.records import NodeCondition
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind


class NodeCrash(Fault):
    """SIGKILL."""

    kind = "node.crash"
    targets = TargetKind.NODE

    async def inject(self, scene: Scene, target: str) -> Hold:
        hold = Gone(scene, target, self.kind)
        async with or_heal(hold):
            await scene.cluster.kill(target)
            await note_condition(scene, target, NodeCondition.DOWN, cause=self.kind)
        return hold


class NodeStop(Fault):
    """SIGTERM, and as long as the node needs for it."""

    kind = "node.stop"
    targets = TargetKind.NODE

    async def inject(self, scene: Scene, target: str) -> Hold:
        hold = Gone(scene, target, self.kind)
        async with or_heal(hold):
            await note_condition(scene, target, NodeCondition.DRAINING, cause=self.kind)
            await scene.cluster.stop(target)
            await note_condition(scene, target, NodeCondition.DOWN, cause=self.kind)
        return hold


class Gone:
    """Heals by starting the node, unless somebody has done so already. `was_there`: a node that was down before is none
    of this fault's doing."""

    def __init__(self, scene: Scene, node_id: str, kind: str) -> None:
        self._scene = scene
        self._node = scene.cluster.node(node_id)
        self._kind = kind
        self._was_there = self._node.process.state is not ProcessState.DOWN

    async def confirm(self) -> str:
        where = urlsplit(self._node.url)
        seen = await greet(where.hostname or "", where.port or 0, b"")
        if self._node.process.state is not ProcessState.DOWN or seen is not Answer.REFUSED:
            raise Unconfirmed(f"{self._node.id} is {self._node.process.state}, and its port {seen.value}")
        return f"{self._node.id}: the process has ended ({self._node.process.exit_code}), its port {seen.value}"

    async def heal(self) -> int | None:
        process = self._node.process
        if process.state is ProcessState.STOPPING:
            await process.ended(within_s=30.0)
        if self._was_there and process.state is ProcessState.DOWN:
            await self._scene.cluster.start(self._node.id)
            await note_condition(self._scene, self._node.id, NodeCondition.UP, cause=f"{self._kind} healed")
        self._was_there = False
        return None
