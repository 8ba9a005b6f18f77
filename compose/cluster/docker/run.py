"""What one command makes in the engine: everything carries the run's labels, and goes when the run ends."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from compose.cluster.docker.cleaning import remove_orphans, remove_run
from compose.cluster.docker.engine import Engine, open_engine, require_same_kernel
from compose.cluster.docker.events import Events, hear_events
from compose.cluster.docker.image import Images, Say, ensure_images
from compose.cluster.docker.labels import RUN, Owner, run_labels
from compose.cluster.docker.networks import Networks
from compose.cluster.docker.settings import DockerSettings
from compose.cluster.processes import OnExit
from compose.cluster.safety_net import SafetyNet
from shared.errors import DcsimError


@dataclass(frozen=True)
class Run:
    """`id` stands in every name."""

    id: str
    engine: Engine
    events: Events
    images: Images
    networks: Networks
    net: SafetyNet
    on_exit: OnExit
    _hurries: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def labels(self) -> Mapping[str, str]:
        return run_labels(self.id, Owner.this_process())

    def name(self, *parts: str) -> str:
        """Of a container, network or volume."""
        return "-".join(("dcsim", self.id, *(part for part in parts if part)))

    def hurry(self) -> None:
        """For people in a hurry: whoever waits for a container to end then waits no longer."""
        task = asyncio.get_running_loop().create_task(self._kill_everything())
        self._hurries.append(task)

    async def _kill_everything(self) -> None:
        api = self.engine.api
        with suppress(DcsimError):
            found = await self.engine.call("list containers", api.containers, filters={"label": f"{RUN}={self.id}"})
            await asyncio.gather(*(self.engine.call("kill", api.kill, one["Id"]) for one in found))


@asynccontextmanager
async def open_run(net: SafetyNet, *, on_exit: OnExit, say: Say) -> AsyncIterator[Run]:
    """A run for the length of the block. Begins by removing what runs of this machine that were killed have left.

    Raises OperatorError when there is no engine, or none that shares our clock.
    """
    settings = DockerSettings.from_environment()
    async with open_engine() as engine:
        await require_same_kernel(engine)
        for orphan in await remove_orphans(engine):
            say(f"removed {orphan.contents} that a killed run has left")
        images = await ensure_images(engine, settings, say=say)
        run = secrets.token_hex(3)
        labels = run_labels(run, Owner.this_process())
        async with hear_events(engine) as events:
            try:
                yield Run(run, engine, events, images, Networks(engine, labels), net, on_exit)
            finally:
                await engine.stand_still()  # a call whose caller was cancelled may still be making something
                await remove_run(engine, run)
