"""An operator's ordinary handling of nodes, each step with its record. Nothing here is a fault."""

import asyncio
from collections.abc import Sequence

from compose.cluster.processes import ProcessState
from compose.cluster.together import together
from compose.drills.availability import balancer_that_takes_orders, sessions_left
from compose.drills.conditions import note_condition
from compose.drills.history.records import NodeCondition, Reading
from compose.drills.scenario.model import is_policy
from compose.drills.scenario.steps import Drain, DrainMode, NodeDo, NodeStep
from compose.drills.scene import Scene
from compose.drills.targets import Known, TargetKind, resolve
from shared.errors import OperatorError
from shared.versions import Version

DRAIN_POLL_S = 0.1


class Operations:
    """`cause` of a step stands in the history beside what became of the node."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def targets(self, selector: str | Sequence[str]) -> tuple[str, ...]:
        """Raises OperatorError for nodes there are not."""
        scene = self._scene
        return resolve(selector, TargetKind.NODE, Known(tuple(scene.cluster.nodes)), scene.chance)

    async def carry_out(self, step: NodeStep) -> None:
        """As a drill writes it, on all its nodes at the same time. Returns when it is done; raises OperatorError for
        what cannot be asked of them, HarnessError for a node that does not start."""
        if step.do is NodeDo.UPGRADE and step.to is None:
            raise OperatorError("upgrade needs the version: to: 9.11")
        await together(*(self._one(step, node_id) for node_id in self.targets(step.target)))

    async def start(self, node_id: str, *, version: Version | None = None, cause: str = NodeDo.START) -> None:
        await self._scene.cluster.start(node_id, version=version)
        await self._note(node_id, NodeCondition.UP, cause)

    async def stop(self, node_id: str, *, cause: str = NodeDo.STOP) -> None:
        """Politely. From the beginning the node counts as leaving: it says STOPPING, and the balancer moves people."""
        node = self._scene.cluster.node(node_id)
        if node.process.state is ProcessState.DOWN:
            raise OperatorError(f"cannot stop {node_id}: it is down")
        await self._note(node_id, NodeCondition.DRAINING, cause)
        await self._scene.cluster.stop(node_id)
        await self._note(node_id, NodeCondition.DOWN, cause)

    async def restart(self, node_id: str, *, version: Version | None = None, cause: str = NodeDo.RESTART) -> None:
        """With a version, an upgrade. A node that is down is started."""
        if self._scene.cluster.node(node_id).process.state is not ProcessState.DOWN:
            await self.stop(node_id, cause=cause)
        await self.start(node_id, version=version, cause=cause)

    async def drain(self, node_id: str, mode: DrainMode, *, cause: str = NodeDo.DRAIN) -> None:
        """Returns at once; who is bound leaves by and by. Raises OperatorError for no mode at all."""
        if mode is DrainMode.NONE:
            raise OperatorError("a drain is soft (who is bound stays) or hard (nobody stays)")
        await self._wish(node_id, "drain", mode=str(mode))
        await self._note(node_id, NodeCondition.DRAINING, cause, soft=mode is DrainMode.SOFT)

    async def undrain(self, node_id: str, *, cause: str = NodeDo.UNDRAIN) -> None:
        """Also ends maintenance."""
        await self._wish(node_id, "ready")
        if self._scene.cluster.node(node_id).process.state is ProcessState.UP:
            await self._note(node_id, NodeCondition.UP, cause)

    async def maintenance(self, node_id: str, *, cause: str = NodeDo.MAINTENANCE) -> None:
        """Nobody is sent there, and nobody looks how it is."""
        await self._wish(node_id, "maintenance")
        await self._note(node_id, NodeCondition.DRAINING, cause)

    async def drain_until(self, node_id: str, drain: Drain, *, cause: str) -> int:
        """Drains and waits: until nobody is bound any more or `at-most` is over, or that time in any case. How many are
        left is a reading of the probe `sessions` each time it changes. Returns how many were left.

        Raises OperatorError when the wait is in policy time and policy time stands still.
        """
        if is_policy(drain.at_most) and (await self._scene.cluster.clock.newest()).rate == 0:
            raise OperatorError(
                "this drain waits in policy time, which stands still; give at-most in real time, or time a rate"
            )
        await self.drain(node_id, drain.mode, cause=cause)
        recorder = self._scene.recorder
        began_ms = self._now_ms(drain)
        told: int | None = None
        while True:
            left = await sessions_left(self._scene, node_id)
            is_over = self._now_ms(drain) - began_ms >= drain.at_most.ms or (drain.until == "empty" and left == 0)
            if left != told or is_over:
                recorder.write(
                    Reading(recorder.real_ns(), recorder.policy_ms(), "sessions", float(left), {"node": node_id})
                )
                told = left
            if is_over:
                return left
            await asyncio.sleep(DRAIN_POLL_S)

    def _now_ms(self, drain: Drain) -> float:
        recorder = self._scene.recorder
        return recorder.policy_ms() if is_policy(drain.at_most) else recorder.real_ns() / 1e6

    async def _one(self, step: NodeStep, node_id: str) -> None:
        match step.do:
            case NodeDo.START:
                await self.start(node_id, version=step.to)
            case NodeDo.STOP:
                await self.stop(node_id)
            case NodeDo.RESTART:
                await self.restart(node_id, version=step.to)
            case NodeDo.UPGRADE:
                await self.restart(node_id, version=step.to, cause=NodeDo.UPGRADE)
            case NodeDo.DRAIN:
                await self.drain(node_id, step.mode)
            case NodeDo.UNDRAIN:
                await self.undrain(node_id)
            case NodeDo.MAINTENANCE:
                await self.maintenance(node_id)

    async def _wish(self, node_id: str, wish: str, **body: object) -> None:
        node = self._scene.cluster.node(node_id)
        await self._scene.cluster.client.balance(balancer_that_takes_orders(self._scene), node.id, wish, **body)

    async def _note(self, node_id: str, condition: NodeCondition, cause: str, *, soft: bool = False) -> None:
        await note_condition(self._scene, node_id, condition, cause=str(cause), soft=soft)
