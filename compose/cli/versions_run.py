"""What `demo` and `matrix` have in common: clusters of several versions for the length of a command."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compose.cli.signals import listening, unless_ended
from compose.cluster.handle import Cluster
from compose.cluster.processes import UnexpectedExit
from compose.cluster.side_by_side import start_side_by_side
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.where import Where
from shared.errors import EXIT_INTERRUPTED, HarnessError
from shared.settings import Delivery, Switches
from shared.versions import Version

Say = Callable[[str], None]
Work = Callable[[Mapping[Version, Cluster]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class VersionsSpec:
    """Clusters that differ in their version only."""

    versions: Sequence[Version]
    nodes: int = 3
    delivery: Delivery = Delivery.FENCED
    switches: Switches = field(default_factory=Switches)
    postgres_url: str | None = None
    redis_url: str | None = None
    on: Where = Where.PROCESSES

    def clusters(self) -> dict[str, ClusterSpec]:
        """Raises OperatorError for a number of nodes that is none."""
        return {
            str(version): ClusterSpec(
                numbered_nodes(self.nodes, version=version), delivery=self.delivery, switches=self.switches
            )
            for version in self.versions
        }


def run_on_versions(spec: VersionsSpec, work: Work, *, say: Say) -> int:
    """Starts the clusters, does the work on them, ends them. Returns the work's exit code, or 130 for Ctrl-C.

    Raises HarnessError when a process of a cluster ends unasked: whatever would be measured then is worth nothing.
    """
    return asyncio.run(_run(spec, spec.clusters(), work, say))


async def _run(spec: VersionsSpec, clusters: dict[str, ClusterSpec], work: Work, say: Say) -> int:
    code = EXIT_INTERRUPTED
    broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_exit(ended: UnexpectedExit) -> None:
        if ending.by is None and not broken.done():
            broken.set_exception(HarnessError(str(ended)))

    async def run() -> None:
        nonlocal code
        async with start_side_by_side(
            clusters,
            on=spec.on,
            on_exit=on_exit,
            progress=say,
            postgres_url=spec.postgres_url,
            redis_url=spec.redis_url,
            hurry=ending.hurries,
        ) as running:
            working = asyncio.ensure_future(work({v: running[str(v)] for v in spec.versions}))
            either: list[asyncio.Future[Any]] = [working, broken]
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                if broken.done():
                    broken.result()
                code = working.result()
            finally:
                working.cancel()

    with listening() as ending:
        await unless_ended(run(), ending)
    return code
