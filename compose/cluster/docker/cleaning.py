"""Finding and removing what runs have made: by label, and only of runs nobody owns any more unless told otherwise.

It is safe to do twice, and at the same time as somebody else: what is gone already counts as removed.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from compose.cluster.docker.engine import Conflict, Engine, Gone
from compose.cluster.docker.labels import IMAGE, RUN, Owner
from shared.errors import HarnessError

TRIES = 10
RETRY_S = 0.2
"""A network can be removed only some moments after its last container; real time."""


@dataclass
class Leftover:
    """Everything that one run has in the engine; ids of containers and networks, names of volumes."""

    run: str
    owner: Owner
    containers: list[str] = field(default_factory=list)
    networks: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)

    @property
    def is_orphan(self) -> bool:
        """Is the command that made it gone, as far as can be seen from here?"""
        return not self.owner.is_elsewhere and not self.owner.lives

    @property
    def contents(self) -> str:
        """In words."""
        counts = {"container": self.containers, "network": self.networks, "volume": self.volumes}
        return ", ".join(f"{len(ids)} {kind}{'s'[: len(ids) != 1]}" for kind, ids in counts.items() if ids)


async def find_runs(engine: Engine) -> list[Leftover]:
    """What every run has in the engine, those that are still going on included."""
    api, filters = engine.api, {"label": RUN}
    containers, networks, volumes = await asyncio.gather(
        engine.call("list containers", api.containers, all=True, filters=filters),
        engine.call("list networks", api.networks, filters=filters),
        engine.call("list volumes", api.volumes, filters=filters),
    )
    runs: dict[str, Leftover] = {}

    def of(labels: Mapping[str, str]) -> Leftover:
        run = labels[RUN]
        return runs.setdefault(run, Leftover(run, Owner.read(labels)))

    for one in containers:
        of(one["Labels"]).containers.append(one["Id"])
    for one in networks:
        of(one["Labels"]).networks.append(one["Id"])
    for one in volumes.get("Volumes") or ():
        of(one["Labels"]).volumes.append(one["Name"])
    return list(runs.values())


async def remove(engine: Engine, leftover: Leftover) -> None:
    """Raises HarnessError for what will not go."""
    api = engine.api

    async def removed(what: str, method: Callable[..., object], one: str, **options: bool) -> None:
        """Tries again while something still holds it; gone is gone, whoever removed it."""
        for again in range(TRIES, -1, -1):
            try:
                await engine.call(f"remove {what}", method, one, **options)
                return
            except Gone:
                return
            except HarnessError as error:
                held = isinstance(error, Conflict) or "active endpoints" in str(error)
                if not held or not again:
                    raise
                await asyncio.sleep(RETRY_S)

    await asyncio.gather(
        *(removed("a container", api.remove_container, one, force=True, v=True) for one in leftover.containers)
    )
    await asyncio.gather(
        *(removed("a network", api.remove_network, one) for one in leftover.networks),
        *(removed("a volume", api.remove_volume, one) for one in leftover.volumes),
    )


async def remove_orphans(engine: Engine) -> list[Leftover]:
    """Removes what runs of this machine have left whose command is gone; returns what that was."""
    orphans = [run for run in await find_runs(engine) if run.is_orphan]
    for orphan in orphans:
        await remove(engine, orphan)
    return orphans


async def remove_run(engine: Engine, run: str) -> None:
    """Removes whatever this run has made."""
    for found in await find_runs(engine):
        if found.run == run:
            await remove(engine, found)


async def remove_images(engine: Engine) -> list[str]:
    """Removes the images dcsim has built, except those in use; returns their names."""
    api, removed = engine.api, []
    found: list[Mapping[str, Any]] = await engine.call("list images", api.images, filters={"label": IMAGE})
    for image in found:
        for name in image["RepoTags"] or [image["Id"]]:
            with suppress(Conflict, Gone):
                await engine.call(f"remove the image {name}", api.remove_image, name)
                removed.append(name)
    return removed
