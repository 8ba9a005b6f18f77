"""Where a node stands in its life, and who is allowed to move it on."""

import asyncio
from contextlib import suppress

from shared.contract import NodeState
from shared.errors import OperatorError
from shared.log import get_logger

log = get_logger()

_MOVES = {
    NodeState.STARTING: {NodeState.RUNNING, NodeState.STOPPING},
    NodeState.RUNNING: {NodeState.STOPPING},
    NodeState.FIRST_RUN: {NodeState.STOPPING},
    NodeState.MAINTENANCE: {NodeState.STOPPING},
    NodeState.ERROR: {NodeState.STOPPING},
    NodeState.STOPPING: set[NodeState](),
}
"""What a node does by itself. An operator may put one that has started into any state of _ORDERS."""
_ORDERS = frozenset(NodeState) - {NodeState.STOPPING}


class NodeLife:
    """The state that `GET /status` reports. A move that is not in the table is a bug of ours."""

    def __init__(self) -> None:
        self.state = NodeState.STARTING
        self.has_run = False
        self._held: asyncio.Event | None = None

    def move(self, state: NodeState) -> None:
        if state is self.state:
            return
        assert state in _MOVES[self.state], f"a node cannot go from {self.state} to {state}"
        self._enter(state)

    async def stay_starting(self, for_s: float) -> None:
        """A start that takes longer (real), until that is over or an operator orders RUNNING."""
        self._held = asyncio.Event()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(for_s):
                    await self._held.wait()
        finally:
            self._held = None

    def order(self, state: NodeState) -> None:
        """Shows a state that a rehearsal needs: a node in MAINTENANCE, say, or in ERROR. Raises OperatorError while
        the node is really starting or stopping, and for STOPPING, which comes by stopping the node."""
        if self._held is not None and state is NodeState.RUNNING:
            self._held.set()
            return
        if not self.has_run or self.state is NodeState.STOPPING:
            raise OperatorError(f"this node is {self.state} and takes no orders about its state")
        if state not in _ORDERS:
            raise OperatorError(f"{state} is not an order; stop the node to see it")
        self._enter(state)

    def _enter(self, state: NodeState) -> None:
        log.info("node state", was=self.state, now=state)
        self.has_run = self.has_run or state is NodeState.RUNNING
        self.state = state
