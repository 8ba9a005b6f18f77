"""Reads the probes that a drill's expectations ask for, so that they can be judged from the history alone."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.drills import probes
from compose.drills.history.records import Reading
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Word
from compose.drills.scene import Scene
from shared.errors import OperatorError

EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """A probe, and where to read it."""

    probe: str
    where: tuple[tuple[str, str], ...] = ()


def wanted_probes(drill: Drill, *, during: bool) -> list[Wanted]:
    """What has to be read again and again while the method runs, or, `during` false, once at the end."""
    found = []
    for expectation in drill.expectations:
        subject = expectation.subject
        if subject.probe is not None and (not during or expectation.word is not Word.AT_END):
            where = subject.where.model_dump(exclude_none=True)
            found.append(Wanted(subject.probe, tuple((key, str(value)) for key, value in where.items())))
    return list(dict.fromkeys(found))


async def read_all(scene: Scene, wanted: Iterable[Wanted]) -> None:
    """A reading each. What could be asked when the drill began, a node that has been replaced, say, is one that could
    not be taken."""
    for one in wanted:
        where = dict(one.where)
        try:
            reading = await probes.read(scene, one.probe, where)
        except OperatorError as error:
            recorder = scene.recorder
            reading = Reading(recorder.real_ns(), recorder.policy_ms(), one.probe, None, where, str(error))
        scene.recorder.write(reading)


@asynccontextmanager
async def sampling(scene: Scene, wanted: list[Wanted]) -> AsyncIterator[None]:
    """All of them every EVERY_S real seconds for the length of the block."""

    async def sample() -> None:
        while True:
            await read_all(scene, wanted)
            await asyncio.sleep(EVERY_S)

    task = asyncio.create_task(sample()) if wanted else None
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
