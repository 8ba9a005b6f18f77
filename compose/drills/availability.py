"""Which nodes people are sent to, as the balancer says; with one that says nothing, as the nodes themselves do."""

import asyncio
import time
from collections.abc import Callable, Collection

from compose.cluster.processes import ProcessState
from compose.drills.scene import Scene
from shared.errors import OperatorError

POLL_S = 0.05


async def taking(scene: Scene) -> set[str]:
    """The nodes that take new clients now. Raises Silent when the balancer does not answer."""
    cluster = scene.cluster
    if cluster.balancer_admin_url is not None:
        status = await cluster.client.status(cluster.balancer_admin_url)
        return {node["id"] for node in status["nodes"] if node["takes_new"]}
    there = [node for node in cluster.nodes.values() if node.process.state is ProcessState.UP]
    path = cluster.spec.context_path
    answers = await asyncio.gather(*(cluster.client.is_running(node.url + path) for node in there))
    return {node.id for node, is_running in zip(there, answers, strict=True) if is_running}


async def until_taking(
    scene: Scene,
    is_enough: Callable[[set[str]], bool],
    *,
    within_s: float,
    given_up: Callable[[], bool] = lambda: False,
) -> bool:
    """Waits until the nodes that take new clients are enough, or it is given up; true when they are."""
    deadline = time.monotonic() + within_s
    while not is_enough(await taking(scene)):
        if time.monotonic() > deadline or given_up():
            return False
        await asyncio.sleep(POLL_S)
    return True


async def sessions_left(scene: Scene, node_id: str) -> int:
    """Clients the balancer has bound to that node. Raises OperatorError with a balancer that does not count."""
    status = await scene.cluster.client.status(balancer_that_takes_orders(scene))
    return next((int(node["sessions"]) for node in status["nodes"] if node["id"] == node_id), 0)


def balancer_that_takes_orders(scene: Scene) -> str:
    """Its operator URL. Raises OperatorError for a product that is set up once and then left alone."""
    url = scene.cluster.balancer_admin_url
    if url is None:
        raise OperatorError(f"the balancer is {scene.cluster.spec.balancer}, which takes no orders and counts nobody")
    return url


def are_up(scene: Scene, node_ids: Collection[str]) -> Collection[str]:
    """Those of them whose process runs."""
    nodes = scene.cluster.nodes
    return [node_id for node_id in node_ids if node_id in nodes and nodes[node_id].process.state is ProcessState.UP]
