"""`node.slow-loop`: the node's event loop stands still again and again, as under a long computation or a slow disk.

While it does the node serves nobody, beats no heart and acknowledges nothing; in between it works. Unlike a hang it
never stops for long enough to be taken for dead.
"""

import time

from pydantic import Field

from compose.cluster.processes import ProcessState
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.scenario.model import SomeReal
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind
from shared.errors import HarnessError, OperatorError


class NodeSlowLoop(Fault):
    """For `block` in each `every`. Counts the blocks. A node that is restarted is rid of it."""

    kind = "node.slow-loop"
    targets = TargetKind.NODE

    block: SomeReal
    every: SomeReal = Field(description="from the beginning of one block to that of the next")

    async def inject(self, scene: Scene, target: str) -> Hold:
        node = scene.cluster.node(target)
        if node.process.state is not ProcessState.UP:
            raise OperatorError(f"{target} is {node.process.state}; only a node that runs can be slow")
        if (await scene.cluster.client.loop_fault(node.operator_url))["slow_loop"] is not None:
            raise OperatorError(f"the loop of {target} is slow already; clear that fault first")
        hold = Slow(scene, target)
        async with or_heal(hold):
            await scene.cluster.slow_loop(target, block_ms=self.block.ms, every_ms=self.every.ms)
        return hold


class Slow:
    """One node. `pid`: the fault ends with the process that has it."""

    def __init__(self, scene: Scene, node_id: str) -> None:
        self._cluster = scene.cluster
        self._node = scene.cluster.node(node_id)
        self._pid = self._node.process.pid
        self._hits: int | None = None

    async def confirm(self) -> str:
        began_s = time.monotonic()
        found = await self._cluster.client.loop_fault(self._node.operator_url)
        took_ms = (time.monotonic() - began_s) * 1000
        if found["slow_loop"] is None or not found["blocks"]:
            raise Unconfirmed(f"{self._node.id} should stand still again and again, and says {found}")
        return f"{self._node.id}: stood still {found['blocks']} times, and took {took_ms:.0f} ms (real) to say so"

    async def heal(self) -> int | None:
        if self._hits is None and self._is_there():
            if self._node.process.state is ProcessState.PAUSED:
                raise HarnessError(f"{self._node.id} is paused, with its loop still slow; resume it first")
            self._hits = await self._cluster.heal_loop(self._node.id)
        self._hits = self._hits or 0
        return self._hits

    def _is_there(self) -> bool:
        alive = (ProcessState.UP, ProcessState.PAUSED)
        return self._node.process.pid == self._pid and self._node.process.state in alive
