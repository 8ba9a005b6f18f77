"""`node.slow-start`: the node says STARTING for longer than it needs, at each start until the fault is healed.

A balancer that reads the state sends nobody there; one that trusts the 200 sends everybody into a 503.
"""

import asyncio
from contextlib import suppress

from pydantic import Field

from compose.cluster.processes import ProcessState
from compose.drills.conditions import note_condition
from compose.drills.faults.base import Fault, Hold, Unconfirmed, or_heal
from compose.drills.history.records import NodeCondition
from compose.drills.scenario.model import Real
from compose.drills.scene import Scene
from compose.drills.targets import TargetKind
from shared.contract import NodeState
from shared.errors import DcsimError, HarnessError

SEEN_LIMIT_S = 20.0
STOP_LIMIT_S = 30.0
POLL_S = 0.02


class NodeSlowStart(Fault):
    """Restarts the node and returns when it says STARTING, which it does for `for`. Healing ends that at once."""

    kind = "node.slow-start"
    targets = TargetKind.NODE

    for_: Real = Field(alias="for")

    async def inject(self, scene: Scene, target: str) -> Hold:
        hold = SlowStart(scene, target)
        async with or_heal(hold):
            await hold.begin(self.for_.s)
        return hold


class SlowStart:
    """`begin` leaves a task behind that sees the node to its end of STARTING; healing waits for it."""

    def __init__(self, scene: Scene, node_id: str) -> None:
        self._scene = scene
        self._node = scene.cluster.node(node_id)
        self._starting: asyncio.Task[None] | None = None
        self._is_open = True
        self._seen = ""

    async def begin(self, lasts_s: float) -> None:
        """Raises HarnessError when the node never says STARTING."""
        cluster = self._scene.cluster
        if self._node.process.state is not ProcessState.DOWN:
            await self._note(NodeCondition.DRAINING)
            await cluster.stop(self._node.id)
            await self._note(NodeCondition.DOWN)
        cluster.slow_down(self._node.id, starting_s=lasts_s)
        self._starting = asyncio.create_task(self._start(), name=f"slow start of {self._node.id}")
        try:
            async with asyncio.timeout(SEEN_LIMIT_S):
                await self._until_seen(self._starting)
        except TimeoutError as error:
            raise HarnessError(f"{self._node.id} did not say anything within {SEEN_LIMIT_S:g} s (real)") from error

    async def _until_seen(self, starting: asyncio.Task[None]) -> None:
        while self._seen != NodeState.STARTING:
            if starting.done():
                await starting
                raise HarnessError(f"{self._node.id} has started without being seen {NodeState.STARTING}")
            self._seen = await self._state()
            await asyncio.sleep(POLL_S)

    async def confirm(self) -> str:
        if self._seen != NodeState.STARTING:
            raise Unconfirmed(f"{self._node.id} said {self._seen or 'nothing'}, not {NodeState.STARTING}")
        return f"{self._node.id}: GET /status says {self._seen}"

    async def heal(self) -> int | None:
        if not self._is_open:
            return None
        self._is_open = False
        cluster = self._scene.cluster
        cluster.slow_down(self._node.id, starting_s=0)
        if self._starting is None:
            await self._start_again()
            return None
        while not self._starting.done():
            with suppress(DcsimError):  # it may not be up to taking orders yet, or be ready already
                await cluster.client.order_state(self._node.operator_url, NodeState.RUNNING)
            await asyncio.wait({self._starting}, timeout=POLL_S)
        await self._starting
        return None

    async def _start_again(self) -> None:
        """After an injection that got no further than stopping the node, or not even there."""
        process = self._node.process
        if process.state is ProcessState.STOPPING:
            await process.ended(within_s=STOP_LIMIT_S)
        if process.state is ProcessState.DOWN:
            await self._start()

    async def _start(self) -> None:
        await self._scene.cluster.start(self._node.id)
        await self._note(NodeCondition.UP)

    async def _state(self) -> str:
        with suppress(DcsimError):
            return str((await self._scene.cluster.client.status(self._node.operator_url, limit_s=1.0))["state"])
        return ""

    async def _note(self, condition: NodeCondition) -> None:
        await note_condition(self._scene, self._node.id, condition, cause=NodeSlowStart.kind)
