"""`dcsim clean`: removes what commands that were killed have left in the Docker engine."""

from typing import Annotated

import typer


def clean(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what belongs to a command that still runs, here or on another machine.")
    ] = False,
    images: Annotated[bool, typer.Option("--images", help="Also the images that dcsim has built.")] = False,
) -> None:
    """Remove the containers, networks and volumes of runs whose command is gone.

    Clusters of processes need no cleaning: they go with their command, however that ends.
    """
    import asyncio

    for line in asyncio.run(_clean(everything=everything, images=images)):
        typer.echo(line)


async def _clean(*, everything: bool, images: bool) -> list[str]:
    """What was done, a line for each run."""
    from compose.cluster.docker.cleaning import find_runs, remove, remove_images
    from compose.cluster.docker.engine import open_engine

    told = []
    async with open_engine() as engine:
        for run in await find_runs(engine):
            if everything or run.is_orphan:
                await remove(engine, run)
                told.append(f"removed {run.contents} of run {run.run} ({run.owner})")
            else:
                told.append(f"left run {run.run} alone ({run.owner}): {run.contents}; --all removes it, too")
        if images:
            told += [f"removed the image {name}" for name in await remove_images(engine)]
    return told or ["nothing was left behind"]
