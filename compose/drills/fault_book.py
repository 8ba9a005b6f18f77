"""The open faults of a run, by handle. Whatever happens to the run, what the book opened it closes.

A handle is one entry of the history however many targets it has. Records are written here, and by the faults themselves
for what becomes of nodes.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from compose.drills.faults import Fault, Hold, Unconfirmed, make_fault
from compose.drills.faults.clock_skew import ClockSkew
from compose.drills.history.records import FaultPhase
from compose.drills.scenario.steps import FaultStep
from compose.drills.scene import Scene
from compose.drills.targets import Known, resolve
from shared.errors import DcsimError, HarnessError, OperatorError

CONFIRM_LIMIT_S = 2.0
"""Real seconds in which something must be seen of a fault that is in force."""
CONFIRM_POLL_S = 0.05
ALL = "all"


@dataclass
class _Entry:
    name: str
    fault: Fault
    target: str
    holds: list[Hold] = field(default_factory=list)
    told: tuple[str, ...] = ()
    """Why it could not be healed, as the history has it from the last try."""


class FaultBook:
    """An async context manager: at the end of the block every fault that is still open is healed, also when the block
    is cancelled."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._open: dict[str, _Entry] = {}

    async def __aenter__(self) -> "FaultBook":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await _to_its_end(self._close())

    @property
    def names(self) -> tuple[str, ...]:
        """Handles of the faults that are open, in the order they came."""
        return tuple(self._open)

    async def carry_out(self, step: FaultStep) -> None:
        """As a drill writes it. Raises OperatorError for a fault, a target or a handle that cannot be, and HarnessError
        when a fault cannot be healed."""
        if step.clear is not None:
            await (self.clear_all() if step.clear == ALL else self.clear(step.clear))
            return
        assert step.inject is not None
        fault = make_fault(step.inject, step.settings)
        scene = self._scene
        known = Known(tuple(scene.cluster.nodes), tuple(link.name for link in await scene.cluster.links.read()))
        targets = resolve(step.target, fault.targets, known, scene.chance, only=fault.only)
        await self.inject(fault, targets, name=step.as_ or step.inject)

    async def inject(self, fault: Fault, targets: Sequence[str], *, name: str) -> None:
        """All targets at the same time, under one handle. Returns when the fault was seen from outside, or was not for
        CONFIRM_LIMIT_S, which the history then says and which makes every verdict unknown.

        Raises what injecting raises; nothing of the fault is in force then.
        """
        if name in self._open:
            raise OperatorError(f"a fault {name!r} is open already; give this one a name of its own with `as`")
        entry = self._open[name] = _Entry(name, fault, ", ".join(targets))
        self._record(entry, FaultPhase.INJECTING)

        async def strike(target: str) -> None:
            entry.holds.append(await fault.inject(self._scene, target))

        try:
            await _all_of_them([strike(target) for target in targets])
        except BaseException as error:
            self._record(entry, FaultPhase.UNCONFIRMED, f"could not be injected: {error or type(error).__name__}")
            await _to_its_end(self._heal(entry))
            raise
        await self._confirm(entry)

    async def clear(self, name: str) -> None:
        """Heals one. Raises OperatorError for a handle that is not open, HarnessError when it cannot be healed; it
        stays open then, and the end of the book tries again."""
        if name not in self._open:
            there_is = f"there is {', '.join(self._open)}" if self._open else "none is open"
            raise OperatorError(f"no fault {name!r} is open; {there_is}")
        await _to_its_end(self._heal(self._open[name]))

    async def clear_all(self) -> None:
        """Heals every one, the last first, each even if another fails; raises HarnessError naming those that did."""
        await _to_its_end(self._heal_all())

    async def _heal_all(self) -> None:
        failed = []
        for entry in reversed(list(self._open.values())):
            try:
                await self._heal(entry)
            except HarnessError:
                failed.append(entry.name)
        if failed:
            raise HarnessError(f"not healed: {', '.join(failed)}")

    async def _close(self) -> None:
        try:
            await self._heal_all()
        except HarnessError as error:
            self._scene.recorder.say(f"at the end of the run: {error}", is_problem=True)

    async def _heal(self, entry: _Entry) -> None:
        """What cannot be healed stays in the entry, and the entry in the book. Why it could not is told once, and again
        when another try fails in another way."""
        hits: list[int] = []
        left: list[Hold] = []
        problems: list[str] = []
        for hold in reversed(entry.holds):
            try:
                struck = await hold.heal()
            except Exception as error:  # whatever it is, the other faults are to be healed too
                left.insert(0, hold)
                told = str(error) if isinstance(error, DcsimError) else repr(error)
                problems.append(f"{entry.name} ({entry.fault.kind}) could not be healed: {told}")
            else:
                hits += [] if struck is None else [struck]
        for problem in dict.fromkeys(problems):
            if problem not in entry.told:
                self._scene.recorder.say(problem, is_problem=True)
        if problems:
            entry.holds, entry.told = left, tuple(problems)
            raise HarnessError(f"not healed: {entry.name}")
        self._open.pop(entry.name, None)
        self._record(entry, FaultPhase.HEALED, hits=sum(hits) if hits else None)

    async def _confirm(self, entry: _Entry) -> None:
        deadline = time.monotonic() + CONFIRM_LIMIT_S
        while True:
            try:
                seen = [await hold.confirm() for hold in entry.holds]
            except (Unconfirmed, DcsimError, OSError, TimeoutError) as error:
                if time.monotonic() > deadline:
                    self._record(entry, FaultPhase.UNCONFIRMED, str(error))
                    return
                await asyncio.sleep(CONFIRM_POLL_S)
            else:
                self._record(entry, FaultPhase.CONFIRMED, "; ".join(seen))
                return

    def _record(self, entry: _Entry, phase: FaultPhase, detail: str = "", hits: int | None = None) -> None:
        skew_ms = entry.fault.skew_ms if isinstance(entry.fault, ClockSkew) else None
        self._scene.recorder.fault(entry.name, entry.fault.kind, entry.target, phase, detail, hits, skew_ms)


async def _all_of_them(steps: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Every step to its end, also when one of them fails; then the first failure."""
    failures = [one for one in await asyncio.gather(*steps, return_exceptions=True) if isinstance(one, BaseException)]
    if failures:
        raise failures[0]


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """A cancellation meanwhile is passed on afterwards: half a heal would leave the cluster broken."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    task.result()
