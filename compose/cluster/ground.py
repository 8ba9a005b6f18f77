"""What stands under clusters, wherever they run: stores, and places for the clusters."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from compose.cluster.handle import Cluster, Progress, start_cluster_at
from compose.cluster.local_site import local_sites
from compose.cluster.processes import OnExit
from compose.cluster.programs import open_programs
from compose.cluster.safety_net import SafetyNet, spread_safety_net
from compose.cluster.site import OpenSite
from compose.cluster.spec import ClusterSpec
from compose.cluster.stores import Stores, open_stores
from compose.cluster.where import Where
from shared.errors import OperatorError

Hurry = Callable[[Callable[[], None]], None]
"""Is given what kills everything at once, for people who do not want to wait for an orderly end."""


@dataclass(frozen=True)
class Ground:
    """What clusters stand on: the safety net, the stores they share, and places for them."""

    net: SafetyNet
    stores: Stores
    site: Callable[[str], OpenSite]

    def start(
        self, spec: ClusterSpec, *, name: str = "", progress: Progress = lambda _: None
    ) -> AbstractAsyncContextManager[Cluster]:
        """A cluster for the length of a block; `name` tells it from others on the same ground."""
        return start_cluster_at(self.site(name), spec, progress=progress)


@asynccontextmanager
async def open_ground(
    where: Where,
    *,
    on_exit: OnExit,
    say: Callable[[str], None] = lambda _: None,
    hurry: Hurry = lambda _kill: None,
    postgres_url: str | None = None,
    redis_url: str | None = None,
) -> AsyncIterator[Ground]:
    """Ground for any number of clusters, for the length of the block. The stores are still starting when it begins.

    `say` is told what is being done before anything starts, such as building an image. Raises OperatorError for what
    cannot be had: no Docker engine, no such store.
    """
    async with AsyncExitStack() as stack:
        net = await stack.enter_async_context(spread_safety_net())
        hurry(net.kill_everything)
        if where is Where.DOCKER:
            if postgres_url is not None or redis_url is not None:
                raise OperatorError("--postgres-url and --redis-url are for --on processes; containers bring their own")
            yield await stack.enter_async_context(_containers(net, on_exit=on_exit, say=say, hurry=hurry))
            return
        programs = await stack.enter_async_context(open_programs(net))
        stores = await stack.enter_async_context(
            open_stores(net, on_exit=on_exit, postgres_url=postgres_url, redis_url=redis_url)
        )
        sites = local_sites(stores, net=net, on_exit=on_exit, programs=programs)
        yield Ground(net, stores, lambda _name: sites)


@asynccontextmanager
async def _containers(
    net: SafetyNet, *, on_exit: OnExit, say: Callable[[str], None], hurry: Hurry
) -> AsyncIterator[Ground]:
    from compose.cluster.docker.run import open_run  # the SDK takes a quarter of a second to import
    from compose.cluster.docker.site import docker_sites
    from compose.cluster.docker.stores import open_container_stores

    async with open_run(net, on_exit=on_exit, say=say) as run:
        hurry(run.hurry)
        async with open_container_stores(run) as stores:
            yield Ground(net, stores.stores, lambda name: docker_sites(run, stores, name=name))
