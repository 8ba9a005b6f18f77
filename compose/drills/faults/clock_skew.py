"""`clock.skew`: one node's policy clock is wrong, as when its NTP is. Only that clock moves; real time is untouched.

The node is told its skew and keeps it through changes of the cluster's time; a restart takes it away.
"""

from typing import Literal

from compose.cluster.processes import ProcessState
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.scenario.model import SomePolicy
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind
from compose.durations import in_words
from shared.errors import HarnessError, OperatorError


class ClockSkew(Fault):
    """The node is `by` ahead of the cluster, or behind it."""

    kind = "clock.skew"
    targets = TargetKind.NODE

    by: SomePolicy
    direction: Literal["ahead", "behind"] = "ahead"

    @property
    def skew_ms(self) -> int:
        return self.by.ms if self.direction == "ahead" else -self.by.ms

    async def inject(self, scene: Scene, target: str) -> Hold:
        node = scene.cluster.node(target)
        if node.process.state is not ProcessState.UP:
            raise OperatorError(f"{target} is {node.process.state}; only a node that runs has a clock to be wrong")
        if (await scene.cluster.client.clock(node.operator_url)).skew_ms:
            raise OperatorError(f"the clock of {target} is wrong already; clear that fault first")
        hold = Skewed(scene, target, self.skew_ms)
        async with or_heal(hold):
            await scene.cluster.clock.skew(target, hold.skew_ms)
        return hold


class Skewed:
    """One node, `skew_ms` ahead, or behind if that is negative."""

    def __init__(self, scene: Scene, node_id: str, skew_ms: int) -> None:
        self.skew_ms = skew_ms
        self._cluster = scene.cluster
        self._node = scene.cluster.node(node_id)
        self._is_open = True

    async def confirm(self) -> str:
        reading = await self._cluster.client.clock(self._node.operator_url)
        cluster_ms = reading.now_ms - self.skew_ms
        if reading.skew_ms != self.skew_ms:
            raise Unconfirmed(f"{self._node.id} should be off by {self.skew_ms} ms, and says {reading.skew_ms} ms")
        side = "ahead of" if self.skew_ms > 0 else "behind"
        off = in_words(abs(self.skew_ms))
        return f"{self._node.id}: reads policy time {reading.now_ms}, {off} {side} the cluster's {cluster_ms}"

    async def heal(self) -> int | None:
        state = self._node.process.state
        if self._is_open and state is ProcessState.PAUSED:
            raise HarnessError(f"{self._node.id} is {state}, with its clock still wrong; resume it first")
        if self._is_open and state is ProcessState.UP:
            reading = await self._cluster.client.clock(self._node.operator_url)
            if reading.skew_ms == self.skew_ms:  # a node that was restarted has lost it
                await self._cluster.clock.skew(self._node.id, 0)
        self._is_open = False
        return None
