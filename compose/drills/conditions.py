"""Notes in the history what became of a node, with the version the node itself says it has."""

from compose.drills.history.records import NodeCondition
from compose.drills.scene import Scene


async def note_condition(
    scene: Scene, node_id: str, condition: NodeCondition, *, cause: str, soft: bool = False
) -> None:
    """`cause` is the fault or the step that did it, `soft` a drain that leaves the node to those who are bound to it. A
    node that is not up is not asked for its version."""
    node = scene.cluster.node(node_id)
    says = None
    if condition is NodeCondition.UP:
        says = await scene.cluster.client.says_version(node.url + scene.cluster.spec.context_path)
    scene.recorder.node(node_id, condition, str(node.version), says_version=says, cause=cause, soft=soft)
