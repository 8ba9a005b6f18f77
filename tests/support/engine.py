"""A Docker engine for tests: whether there is one, what is in it, and runs of containers."""

import asyncio
import os
import shlex
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

from compose.cluster.docker.cleaning import find_runs
from compose.cluster.docker.engine import open_engine
from compose.cluster.docker.image import Images, ensure_images
from compose.cluster.docker.run import open_run
from compose.cluster.docker.settings import DockerSettings
from compose.cluster.ground import open_ground
from compose.cluster.safety_net import spread_safety_net
from compose.cluster.spec import ClusterSpec, numbered_nodes
from compose.cluster.where import Where
from shared.errors import OperatorError

BASE_IMAGES = Path(__file__).parents[2] / ".ci" / "base-images"


async def engine_problem() -> str | None:
    """Why there is no engine to test with, or none with the images it takes; those are built when first asked for.

    Where `.ci/base-images` has made base images, and the environment names no others, they are used.
    """
    try:
        async with open_engine() as engine:
            if "DCSIM_DOCKER_PYTHON_IMAGE" not in os.environ:
                names = [
                    name for image in await engine.call("list", engine.api.images) for name in image["RepoTags"] or ()
                ]
                if any(name.startswith("dcsim-base/") for name in names):
                    _export(await asyncio.to_thread(subprocess.check_output, [BASE_IMAGES], text=True))
        await images()
    except OperatorError as error:
        return str(error)
    return None


def _export(script: str) -> None:
    """Into our environment, what a shell would export."""
    for word in shlex.split(script):
        name, is_assignment, value = word.partition("=")
        if is_assignment:
            os.environ[name] = value


def compose_command() -> list[str] | None:
    """`docker compose`, or the older docker-compose, or None."""
    if shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


async def images() -> Images:
    """What containers are made of; built or pulled the first time, which takes a minute."""
    async with open_engine() as engine:
        return await ensure_images(engine, DockerSettings.from_environment(), say=lambda _: None)


async def left_in_engine() -> list[str]:
    """Everything of every run of dcsim's that is in the engine, and how many volumes of anybody's."""
    async with open_engine() as engine:
        volumes = await engine.call("list volumes", engine.api.volumes)
        runs = await find_runs(engine)
    return sorted(f"{run.run}: {run.contents}" for run in runs) + sorted(
        volume["Name"] for volume in volumes["Volumes"] or ()
    )


@asynccontextmanager
async def running_run(exits: list):
    """A run without anything in it yet."""
    async with spread_safety_net() as net, open_run(net, on_exit=exits.append, say=lambda _: None) as run:
        yield run


@asynccontextmanager
async def containers(*, nodes: int = 2, **spec):
    """A cluster of containers; `cluster.ended` collects what ended unasked, `cluster.stores` are its stores."""
    ended: list[str] = []
    async with (
        open_ground(Where.DOCKER, on_exit=lambda exit_: ended.append(exit_.name)) as ground,
        ground.start(ClusterSpec(numbered_nodes(nodes), **spec)) as cluster,
    ):
        cluster.ended, cluster.stores = ended, ground.stores
        yield cluster
