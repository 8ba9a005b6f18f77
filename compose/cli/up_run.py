"""The life of `dcsim up` from its first process to its last."""

import asyncio
import json

from compose.cli.screen import Screen
from compose.cli.signals import listening, unless_ended
from compose.cluster.description import describe
from compose.cluster.ground import open_ground
from compose.cluster.ports import require_free
from compose.cluster.processes import UnexpectedExit
from compose.cluster.running import announced
from compose.cluster.spec import ClusterSpec
from compose.cluster.where import Where
from shared.errors import HarnessError


async def run_until_ended(
    spec: ClusterSpec,
    *,
    on: Where = Where.PROCESSES,
    postgres_url: str | None = None,
    redis_url: str | None = None,
    as_json: bool,
) -> int:
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
        async with (
            open_ground(
                on,
                on_exit=on_exit,
                say=screen.doing,
                hurry=ending.hurries,
                postgres_url=postgres_url,
                redis_url=redis_url,
            ) as ground,
            ground.start(spec, progress=screen.progress) as cluster,
        ):
            description = describe(cluster)
            links_url = cluster.links.url if spec.links else None
            with announced(description, cluster.operator_urls(), net=ground.net, links_url=links_url):
                ready = True
                if as_json:
                    print(json.dumps(description), flush=True)
                else:
                    screen.summary(cluster, description)
                await vital_ended

    with listening() as ending, screen:
        await unless_ended(run(), ending)
    return ending.exit_code(was_ready=ready)
