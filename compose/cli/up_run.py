"""The life of `dcsim up` from its first process to its last."""

import asyncio
import json

from compose.cli.screen import Screen
from compose.cli.signals import listening, unless_ended
from compose.cluster.description import describe
from compose.cluster.handle import start_cluster
from compose.cluster.ports import require_free
from compose.cluster.processes import UnexpectedExit
from compose.cluster.programs import open_programs
from compose.cluster.running import announced
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec
from compose.cluster.stores import open_stores
from shared.errors import HarnessError


async def run_until_ended(spec: ClusterSpec, *, postgres_url: str | None, redis_url: str | None, as_json: bool) -> int:
    """Returns the exit code. A node or store that ends unasked is reported and missed, as people try that on purpose;
    without the balancer or the links there is no cluster, and HarnessError is raised."""
    if spec.port:
        require_free(spec.port)  # here already, before anything is started
    screen = Screen()
    ready = False
    vital_ended = asyncio.get_running_loop().create_future()

    def on_exit(ended: UnexpectedExit) -> None:
        if ending.by is not None:
            return
        if ended.name in ("balancer", "links"):
            if not vital_ended.done():
                vital_ended.set_exception(HarnessError(str(ended)))
        else:
            screen.warn(str(ended))

    async def run() -> None:
        nonlocal ready
        async with spread_safety_net() as net:
            ending.hurry = net.kill_everything
            async with (
                open_programs(net) as programs,
                open_stores(net, on_exit=on_exit, postgres_url=postgres_url, redis_url=redis_url) as stores,
                start_cluster(
                    spec, stores, net=net, on_exit=on_exit, progress=screen.progress, programs=programs
                ) as cluster,
            ):
                description = describe(cluster)
                links_url = cluster.links.url if spec.links else None
                with announced(description, cluster.operator_urls(), net=net, links_url=links_url):
                    ready = True
                    if as_json:
                        print(json.dumps(description), flush=True)
                    else:
                        screen.summary(cluster, description)
                    await vital_ended

    with listening() as ending, screen:
        await unless_ended(run(), ending)
    return ending.exit_code(was_ready=ready)
