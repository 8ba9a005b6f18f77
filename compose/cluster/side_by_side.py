"""Several clusters at once on one Postgres and one Redis, each in a database and a namespace of its own."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from compose.cluster.handle import Cluster, Progress, start_cluster
from compose.cluster.processes import OnExit
from compose.cluster.programs import open_programs
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec
from compose.cluster.stores import open_stores
from compose.cluster.together import all_open


@asynccontextmanager
async def start_side_by_side(
    specs: Mapping[str, ClusterSpec],
    *,
    on_exit: OnExit,
    progress: Progress,
    postgres_url: str | None = None,
    redis_url: str | None = None,
    hurry: Callable[[Callable[[], None]], None] = lambda _kill: None,
) -> AsyncIterator[dict[str, Cluster]]:
    """The clusters, by the names of their specs, for the length of the block. All start at the same time.

    `hurry` is given what kills everything at once, for people who do not want to wait for an orderly end. Errors as in
    `start_cluster` and `open_stores`.
    """
    async with AsyncExitStack() as stack:
        net = await stack.enter_async_context(spread_safety_net())
        hurry(net.kill_everything)
        programs = await stack.enter_async_context(open_programs(net))
        stores = await stack.enter_async_context(
            open_stores(net, on_exit=on_exit, postgres_url=postgres_url, redis_url=redis_url)
        )
        yield await stack.enter_async_context(
            all_open(
                {
                    name: start_cluster(
                        spec, stores, net=net, on_exit=on_exit, progress=_named(progress, name), programs=programs
                    )
                    for name, spec in specs.items()
                }
            )
        )


def _named(progress: Progress, name: str) -> Progress:
    return lambda step: progress(f"{name}: {step}")
