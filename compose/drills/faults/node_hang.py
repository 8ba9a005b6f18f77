"""`node.hang`: the node stands still in the middle of whatever it does.

The kernel goes on accepting connections for it, so whoever has no time limit waits; when it wakes it believes
everything it believed before.
"""

from compose.cluster.admin_client import Silent
from compose.cluster.processes import ProcessState
from compose.drills.conditions import note_condition
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.history.records import NodeCondition
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind

LOOK_LIMIT_S = 0.3


class NodeHang(Fault):
    """SIGSTOP."""

    kind = "node.hang"
    targets = TargetKind.NODE

    async def inject(self, scene: Scene, target: str) -> Hold:
        hold = Hung(scene, target)
        async with or_heal(hold):
            await scene.cluster.pause(target)
            await note_condition(scene, target, NodeCondition.PAUSED, cause=self.kind)
        return hold


class Hung:
    """Heals by waking the node, if it still stands still."""

    def __init__(self, scene: Scene, node_id: str) -> None:
        self._scene = scene
        self._node = scene.cluster.node(node_id)
        self._was_awake = self._node.process.state is ProcessState.UP

    async def confirm(self) -> str:
        seen = await self._node.process.stands_still()
        if seen is None:
            raise Unconfirmed(f"{self._node.id} should stand still, and its process does not")
        try:
            await self._scene.cluster.client.status(self._node.operator_url, limit_s=LOOK_LIMIT_S)
        except Silent:
            return f"{self._node.id}: stands still ({seen}), and is silent for {LOOK_LIMIT_S:g} s"
        raise Unconfirmed(f"{self._node.id} should stand still, and its operator port answers")

    async def heal(self) -> int | None:
        if self._was_awake and self._node.process.state is ProcessState.PAUSED:
            await self._scene.cluster.resume(self._node.id)
            await note_condition(self._scene, self._node.id, NodeCondition.UP, cause="node.hang healed")
        self._was_awake = False
        return None
