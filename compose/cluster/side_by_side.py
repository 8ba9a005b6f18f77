"""Several clusters at once on one Postgres and one Redis, each in a database and a namespace of its own."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from compose.cluster.ground import Hurry, open_ground
from compose.cluster.handle import Cluster, Progress
from compose.cluster.processes import OnExit
from compose.cluster.spec import ClusterSpec
from compose.cluster.together import all_open
from compose.cluster.where import Where


@asynccontextmanager
async def start_side_by_side(
    specs: Mapping[str, ClusterSpec],
    *,
    on: Where = Where.PROCESSES,
    on_exit: OnExit,
    progress: Progress,
    postgres_url: str | None = None,
    redis_url: str | None = None,
    hurry: Hurry = lambda _kill: None,
) -> AsyncIterator[dict[str, Cluster]]:
    """The clusters, by the names of their specs, for the length of the block. All start at the same time.

    `hurry` is given what kills everything at once, for people who do not want to wait for an orderly end. Errors as in
    `open_ground` and `start_cluster_at`.
    """
    async with open_ground(
        on, on_exit=on_exit, say=progress, hurry=hurry, postgres_url=postgres_url, redis_url=redis_url
    ) as ground:
        clusters = {
            name: ground.start(spec, name=name, progress=_named(progress, name)) for name, spec in specs.items()
        }
        async with all_open(clusters) as running:
            yield running


def _named(progress: Progress, name: str) -> Progress:
    return lambda step: progress(f"{name}: {step}")
