"""Carries out the steps of a method, one after the other, on one running cluster."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from compose.cluster.steering import Steered
from compose.cluster.together import together
from compose.drills import probes
from compose.drills.acts import Acts
from compose.drills.fault_book import FaultBook
from compose.drills.history.records import ClockReading
from compose.drills.judging.comparing import is_equal
from compose.drills.operations import Operations
from compose.drills.rolling import roll
from compose.drills.scenario.steps import Step, WaitUntil
from compose.drills.scene import Scene
from compose.drills.traffic.population import ALL, AT_ONCE, Population
from shared.errors import HarnessError

POLL_S = 0.05


class GaveUp(HarnessError):
    """Something the method waits for did not come about; what follows it cannot be judged."""


class Director:
    """See the module. Every named step leaves marks at its beginning and its end."""

    def __init__(
        self,
        scene: Scene,
        population: Population,
        acts: Acts,
        faults: FaultBook,
        operations: Operations,
        *,
        variant: str,
    ) -> None:
        self._scene = scene
        self._population = population
        self._acts = acts
        self._faults = faults
        self._operations = operations
        self._variant = variant
        self._recorder = scene.recorder
        self._kinds: dict[str, Callable[[Step], Awaitable[None]]] = {
            "say": self._say,
            "do": self._do,
            "fault": self._fault,
            "node": self._node,
            "rolling-restart": self._rolling,
            "rolling-upgrade": self._rolling,
            "advance": self._advance,
            "rate": self._rate,
            "everyone": self._everyone,
            "hold": self._hold,
            "wait-until": self._wait_until,
            "parallel": self._parallel,
            "repeat": self._repeat,
            "mark": self._nothing,
        }

    async def perform(self, steps: Sequence[Step]) -> None:
        """Raises what a step raises: OperatorError for what cannot be done as the file has it, GaveUp, HarnessError."""
        for step in steps:
            if step.when is None or self._variant in step.when:
                await self._perform_one(step)

    async def _perform_one(self, step: Step) -> None:
        if step.name is not None:
            self._recorder.mark(step.name)
        await self._kinds[step.kind](step)
        if step.name is not None:
            self._recorder.mark(f"{step.name}:end")
        if step.mark is not None:
            self._recorder.mark(step.mark)

    async def _nothing(self, _step: Step) -> None:
        """A step that is a mark and nothing else."""

    async def _say(self, step: Step) -> None:
        assert step.say is not None
        self._recorder.say(step.say)

    async def _do(self, step: Step) -> None:
        act = step.do
        assert act is not None
        if act.group is None:
            await self._acts.perform(act)
            return
        users = self._population.accounts_of(act.group)
        stride_ms = 0 if act.over is None else act.over.ms // len(users)
        for user in users:
            if stride_ms:
                await self._arrived(await self._scene.cluster.clock.step(by_ms=stride_ms))
            await self._acts.perform(act.model_copy(update={"user": user, "group": None}))

    async def _fault(self, step: Step) -> None:
        assert step.fault is not None
        await self._faults.carry_out(step.fault)

    async def _node(self, step: Step) -> None:
        assert step.node is not None
        await self._operations.carry_out(step.node)

    async def _rolling(self, step: Step) -> None:
        words = step.rolling_upgrade or step.rolling_restart
        assert words is not None
        groups = [ALL] if words.everyone_returns is True else words.everyone_returns or []

        async def everyone_returns() -> None:
            for group in groups:
                await self._population.everyone(group, at_once=AT_ONCE)

        await roll(words, self._operations, self._scene, everyone=everyone_returns)

    async def _advance(self, step: Step) -> None:
        assert step.advance is not None
        if step.advance.by is None:
            _, steered = await self._scene.cluster.clock.run_to_next()
            await self._arrived(steered)
            return
        left_ms = step.advance.by.ms
        stride_ms = left_ms if step.advance.step is None else step.advance.step.ms
        while left_ms > 0:
            by_ms = min(stride_ms, left_ms)
            await self._arrived(await self._scene.cluster.clock.step(by_ms=by_ms))
            left_ms -= by_ms

    async def _arrived(self, steered: Steered) -> None:
        """Policy time has moved: everything that is written from here says so, and whoever has come due acts."""
        self._recorder.clock(steered.anchor, before_ms=steered.before_ms, late=steered.late)
        await self.read_clocks()
        await self._population.act_until(self._recorder.policy_ms())

    async def read_clocks(self) -> None:
        """What every process says policy time is."""
        for process, reading in (await self._scene.cluster.clock.read()).items():
            says_ms = None if reading is None else reading.now_ms - reading.skew_ms
            skew_ms = 0 if reading is None else reading.skew_ms
            self._recorder.write(
                ClockReading(self._recorder.real_ns(), self._recorder.policy_ms(), process, says_ms, skew_ms)
            )

    async def _rate(self, step: Step) -> None:
        assert step.rate is not None
        steered = await self._scene.cluster.clock.rate(step.rate)
        self._recorder.clock(steered.anchor, before_ms=steered.before_ms, late=steered.late)

    async def _everyone(self, step: Step) -> None:
        assert step.everyone is not None
        await self._population.everyone(step.everyone.group, at_once=step.everyone.at_once, times=step.everyone.times)

    async def _hold(self, step: Step) -> None:
        assert step.hold is not None
        await asyncio.sleep(step.hold.s)

    async def _wait_until(self, step: Step) -> None:
        wanted = step.wait_until
        assert wanted is not None
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + wanted.within.s
        while True:
            reading = await probes.read(self._scene, wanted.probe, wanted.where)
            if _is_reached(wanted, reading.value):
                self._recorder.write(reading)
                return
            if loop.time() >= deadline_s:
                self._recorder.write(reading)
                seen = reading.error or f"it is {reading.value}"
                raise GaveUp(f"{wanted.probe} was not as wanted within {wanted.within}: {seen}")
            await asyncio.sleep(POLL_S)

    async def _parallel(self, step: Step) -> None:
        assert step.parallel is not None
        await together(*(self.perform([inner]) for inner in step.parallel))

    async def _repeat(self, step: Step) -> None:
        assert step.repeat is not None
        for _ in range(step.repeat.times):
            await self.perform(step.repeat.steps)


def _is_reached(wanted: WaitUntil, value: float | str | None) -> bool:
    if value is None:
        return False
    if wanted.equals is not None:
        return is_equal(value, wanted.equals)
    if isinstance(value, str):
        return False
    return (wanted.at_most is None or value <= wanted.at_most) and (wanted.at_least is None or value >= wanted.at_least)
