"""Reads the probes that a drill's expectations ask for, so that they can be judged from the history alone."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from compose.drills import probes
from compose.drills.scenario.drill import Drill
from compose.drills.scenario.expectations import Word
from compose.drills.scene import Scene

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
    for one in wanted:
        scene.recorder.write(await probes.read(scene, one.probe, dict(one.where)))


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
