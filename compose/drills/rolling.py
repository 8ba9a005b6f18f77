"""Rolling restart and rolling upgrade, with Docker Swarm's words: one batch of nodes after the other.

    stop-first     drain · wait for min-available · stop · [everyone returns] · start · serve · monitor
    start-first    a new node joins · serve · monitor · drain · min-available · stop · [everyone returns] · leave

Everyone returns while the batch is gone: who was on it is moved then, and is thrown out once. Who would only come back
after it had started again would find his old node, without his session.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from compose.cluster.spec import NodeSpec
from compose.cluster.together import together
from compose.drills.availability import are_up, balancer_that_takes_orders, until_taking
from compose.drills.conditions import note_condition
from compose.drills.history.records import NodeCondition
from compose.drills.operations import Operations
from compose.drills.scenario.steps import DrainMode, FailureAction, Order, Rolling, RollingUpgrade
from compose.drills.scene import Scene
from shared.errors import DcsimError, OperatorError
from shared.versions import Version

SERVING_LIMIT_S = 30.0
"""Real seconds the balancer has to use a node that has started; one that it does not use has failed."""
AVAILABLE_LIMIT_S = 60.0
"""Real seconds a batch waits for enough nodes that take people before the whole is paused."""
MONITOR_POLL_S = 0.05

EveryoneReturns = Callable[[], Awaitable[None]]


class Ended(StrEnum):
    COMPLETED = "completed"
    PAUSED = "paused"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a rolling change came to. `updated` and `failed` are the nodes as they were called before."""

    ended: Ended
    updated: tuple[str, ...]
    failed: tuple[str, ...]


async def roll(
    words: Rolling, operations: Operations, scene: Scene, *, everyone: EveryoneReturns | None = None
) -> Rollout:
    """Carries out one rolling change. `everyone` is called where the drill asks for `everyone-returns`.

    Returns when it is over or paused; a problem is said in the history then. Raises OperatorError for words that cannot
    be kept, before anything is done.
    """
    return await _Roller(scene, operations, words, everyone).roll()


class _Roller:
    """One rolling change: what it is to do, and how far it has come."""

    def __init__(self, scene: Scene, operations: Operations, words: Rolling, everyone: EveryoneReturns | None) -> None:
        self._scene = scene
        self._words = words
        self._operations = operations
        self._everyone_returns = everyone if words.everyone_returns else None
        self._to = words.to if isinstance(words, RollingUpgrade) else None
        self._cause = "rolling-upgrade" if self._to else "rolling-restart"
        self._nodes: Sequence[str] = ()
        self._before: dict[str, Version] = {}
        self._replaced: dict[str, str] = {}
        self._updated: list[str] = []
        self._failed: list[str] = []

    async def roll(self) -> Rollout:
        self._nodes = self._in_order()
        self._before = {node_id: self._scene.cluster.node(node_id).version for node_id in self._nodes}
        self._require_possible()
        size = self._words.parallelism
        batches = [self._nodes[start : start + size] for start in range(0, len(self._nodes), size)]
        for number, batch in enumerate(batches):
            if number:
                await asyncio.sleep(self._words.delay.s)
            if not await self._change(batch):
                return await self._fail()
        return self._outcome(Ended.COMPLETED)

    def _in_order(self) -> Sequence[str]:
        """As the drill names them; whom a selector draws follows in the cluster's order."""
        selectors = self._words.nodes or ["all"]
        return tuple(dict.fromkeys(node_id for one in selectors for node_id in self._operations.targets(one)))

    def _require_possible(self) -> None:
        words, count = self._words, len(self._scene.cluster.nodes)
        if words.order is Order.START_FIRST or words.drain.mode is not DrainMode.NONE:
            balancer_that_takes_orders(self._scene)
        left = count - min(words.parallelism, len(self._nodes))
        if words.order is Order.STOP_FIRST and left < words.min_available:
            raise OperatorError(
                f"{self._cause}: of {count} nodes, {words.parallelism} at once leave {left}, fewer than min-available "
                f"{words.min_available}; lower one of the two, or take order: start-first"
            )

    async def _change(self, batch: Sequence[str]) -> bool:
        """One batch; false when the whole must stop here."""
        self._scene.recorder.say(f"{self._cause}: {', '.join(batch)} ({self._words.order})")
        change = self._replace if self._words.order is Order.START_FIRST else self._restart
        failed = await change(batch, self._to)
        if failed is None:
            return False
        self._failed += failed
        self._updated += [node_id for node_id in batch if node_id not in failed]
        return (
            self._words.failure_action is FailureAction.CONTINUE
            or len(self._failed) / len(self._nodes) <= self._words.max_failure_ratio
        )

    async def _fail(self) -> Rollout:
        if self._words.failure_action is FailureAction.ROLLBACK and self._failed:
            return await self._roll_back()
        self._problem(f"paused; {', '.join(self._failed) or 'nobody'} failed, {self._left()} not begun")
        return self._outcome(Ended.PAUSED)

    async def _roll_back(self) -> Rollout:
        """Who was changed gets back what he was, the last first; a failed node, too."""
        self._problem(f"{', '.join(self._failed)} failed; rolling back")
        for node_id in reversed([*self._updated, *self._failed]):
            now = self._replaced.get(node_id, node_id)
            if now != node_id:
                await self._put_back(node_id, now)
            elif node_id in self._scene.cluster.nodes:
                await self._restart([node_id], self._before[node_id])
        return self._outcome(Ended.ROLLED_BACK)

    async def _put_back(self, node_id: str, instead: str) -> None:
        """The old node joins again, then the one that had replaced it goes."""
        if await self._join(NodeSpec(node_id, self._before[node_id])):
            await self._leave([instead])
            del self._replaced[node_id]

    async def _restart(self, batch: Sequence[str], to: Version | None) -> list[str] | None:
        """Stop-first. Returns who failed, None when there were never enough others."""
        await self._drain(batch)
        if not await self._enough_without(batch):
            await self._undrain(batch)
            return None
        await together(*(self._operations.stop(node_id, cause=self._cause) for node_id in are_up(self._scene, batch)))
        if self._everyone_returns is not None:
            await self._everyone_returns()
        started = await asyncio.gather(*(self._start(node_id, to) for node_id in batch))
        await self._undrain(batch)
        ready = [
            node_id for node_id, is_up in zip(batch, started, strict=True) if is_up and await self._serves(node_id)
        ]
        good = await self._monitor(ready)
        return [node_id for node_id in batch if node_id not in good]

    async def _replace(self, batch: Sequence[str], to: Version | None) -> list[str] | None:
        """Start-first. A new node that fails is taken away again, and its old one stays."""
        joined: dict[str, str] = {}
        for node_id in batch:
            spec = NodeSpec(self._new_id(), to or self._before[node_id])
            if await self._join(spec):
                joined[node_id] = spec.id
        good = await self._monitor(list(joined.values()))
        for new_id in set(joined.values()) - set(good):
            await self._leave([new_id])
        leaving = [node_id for node_id in batch if joined.get(node_id) in good]
        await self._drain(leaving)
        if not await self._enough_without(leaving):
            await self._undrain(leaving)
            return None
        await together(*(self._operations.stop(node_id, cause=self._cause) for node_id in are_up(self._scene, leaving)))
        if self._everyone_returns is not None:
            await self._everyone_returns()
        await self._leave(leaving)
        self._replaced |= {node_id: joined[node_id] for node_id in leaving}
        return [node_id for node_id in batch if node_id not in leaving]

    async def _start(self, node_id: str, to: Version | None) -> bool:
        try:
            await self._operations.start(node_id, version=to, cause=self._cause)
        except DcsimError as error:
            self._problem(f"{node_id} does not start: {error}")
            return False
        return True

    async def _join(self, spec: NodeSpec) -> bool:
        try:
            await self._scene.cluster.add(spec)
        except DcsimError as error:
            self._problem(f"{spec.id} does not join: {error}")
            return False
        await note_condition(self._scene, spec.id, NodeCondition.UP, cause=self._cause)
        if await self._serves(spec.id):
            return True
        await self._leave([spec.id])
        return False

    async def _leave(self, node_ids: Sequence[str]) -> None:
        for node_id in node_ids:
            if are_up(self._scene, [node_id]):
                await self._operations.stop(node_id, cause=self._cause)
            await self._scene.cluster.remove(node_id)

    async def _drain(self, batch: Sequence[str]) -> None:
        drain = self._words.drain
        if drain.mode is not DrainMode.NONE:
            there = are_up(self._scene, batch)
            await together(*(self._operations.drain_until(node_id, drain, cause=self._cause) for node_id in there))

    async def _undrain(self, batch: Sequence[str]) -> None:
        if self._words.drain.mode is not DrainMode.NONE:
            await together(*(self._operations.undrain(node_id, cause=self._cause) for node_id in batch))

    async def _enough_without(self, batch: Sequence[str]) -> bool:
        wanted = self._words.min_available
        if await until_taking(
            self._scene, lambda taking: len(taking - set(batch)) >= wanted, within_s=AVAILABLE_LIMIT_S
        ):
            return True
        self._problem(
            f"{', '.join(batch)} cannot go: fewer than {wanted} others took people for {AVAILABLE_LIMIT_S:g} s"
        )
        return False

    async def _serves(self, node_id: str) -> bool:
        """Does the balancer send people there, in time?"""
        if await until_taking(
            self._scene,
            lambda taking: node_id in taking,
            within_s=SERVING_LIMIT_S,
            given_up=lambda: not are_up(self._scene, [node_id]),
        ):
            return True
        if are_up(self._scene, [node_id]):
            self._problem(f"{node_id} has started, and the balancer sends nobody there")
        else:
            await self._died(node_id, "before anybody was sent there")
        return False

    async def _monitor(self, node_ids: Sequence[str]) -> list[str]:
        """Those of them that are there all the time."""
        good = list(node_ids)
        deadline = time.monotonic() + self._words.monitor.s
        while good:
            for node_id in [one for one in good if not are_up(self._scene, [one])]:
                await self._died(node_id, "while it was monitored")
                good.remove(node_id)
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(MONITOR_POLL_S)
        return good

    async def _died(self, node_id: str, when: str) -> None:
        self._problem(f"{node_id} died {when}")
        await note_condition(self._scene, node_id, NodeCondition.DOWN, cause=f"{self._cause}: died")

    def _new_id(self) -> str:
        """The next number after all there are."""
        numbers = [int(end) for node_id in self._scene.cluster.nodes if (end := node_id.rpartition("-")[2]).isdigit()]
        return f"node-{max(numbers, default=0) + 1}"

    def _left(self) -> str:
        begun = {*self._updated, *self._failed}
        return ", ".join(node_id for node_id in self._nodes if node_id not in begun) or "nobody"

    def _outcome(self, ended: Ended) -> Rollout:
        return Rollout(ended, tuple(self._updated), tuple(self._failed))

    def _problem(self, text: str) -> None:
        self._scene.recorder.say(f"{self._cause}: {text}", is_problem=True)
