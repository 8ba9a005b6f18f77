"""Where a node stands in its life, and who is allowed to move it on."""

from shared.contract import NodeState
from shared.log import get_logger

log = get_logger()

_MOVES = {
    NodeState.STARTING: {NodeState.RUNNING, NodeState.STOPPING, NodeState.MAINTENANCE, NodeState.ERROR},
    NodeState.RUNNING: {NodeState.STOPPING, NodeState.MAINTENANCE, NodeState.ERROR},
    NodeState.MAINTENANCE: {NodeState.RUNNING, NodeState.STOPPING, NodeState.ERROR},
    NodeState.ERROR: {NodeState.STOPPING},
    NodeState.STOPPING: set[NodeState](),
}


class NodeLife:
    """The state that `GET /status` reports. A move that is not in the table is a bug of ours."""

    def __init__(self) -> None:
        self.state = NodeState.STARTING

    def move(self, state: NodeState) -> None:
        if state is self.state:
            return
        assert state in _MOVES[self.state], f"a node cannot go from {self.state} to {state}"
        log.info("node state", was=self.state, now=state)
        self.state = state
