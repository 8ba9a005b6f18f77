"""`dcsim links`, `dcsim fault` and `dcsim heal`: breaks connections of a cluster that `dcsim up` runs elsewhere."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from compose.cluster.links.panel import Links

Which = Annotated[
    str | None,
    typer.Option("--cluster", metavar="URL|PID", help="Which cluster, by its URL or its pid, when several run."),
]


def links(cluster: Which = None) -> None:
    """List the connections between a running cluster's parts, and what is wrong with them."""
    from compose.cli.links_text import links_text

    async def show(panel: "Links") -> str:
        return links_text(await panel.read())

    _at_panel(cluster, show)


def fault(
    link: Annotated[str, typer.Argument(help="Such as node-1:redis, node-1:postgres or balancer:node-1.")],
    kind: Annotated[
        str,
        typer.Argument(
            help="reset, cut, cut-in, cut-out, freeze, delay; on links to redis also drop, duplicate, reorder."
        ),
    ],
    ms: Annotated[float | None, typer.Option(help="delay: by how much, real milliseconds each way.")] = None,
    jitter_ms: Annotated[float | None, typer.Option(help="delay: how much more or less, at random.")] = None,
    share: Annotated[float | None, typer.Option(help="drop, duplicate, reorder: of how many messages, 0 to 1.")] = None,
    seed: Annotated[int | None, typer.Option(help="Draws the same jitter or messages again.")] = None,
    cluster: Which = None,
) -> None:
    """Break one connection of a running cluster, until `dcsim heal`."""
    from compose.cli.links_text import link_text

    given = {"ms": ms, "jitter_ms": jitter_ms, "share": share, "seed": seed}
    settings = {name: value for name, value in given.items() if value is not None}

    async def act(panel: "Links") -> str:
        return link_text(await panel.fault(link, kind, **settings))

    _at_panel(cluster, act)


def heal(
    link: Annotated[str | None, typer.Argument(help="Such as node-1:redis; all links when left out.")] = None,
    cluster: Which = None,
) -> None:
    """Mend one connection, or all; at once."""
    from compose.cli.links_text import healed_text

    async def act(panel: "Links") -> str:
        before = {reading.name for reading in await panel.read() if reading.fault is not None}
        hits = await panel.heal_all() if link is None else {link: await panel.heal(link)}
        return healed_text(hits, before)

    _at_panel(cluster, act)


def _at_panel(cluster: str | None, act: "Callable[[Links], Awaitable[str]]") -> None:
    """Finds the cluster, does the thing, prints what came of it."""
    import asyncio

    from compose.cluster.admin_client import open_admin_client
    from compose.cluster.links.panel import Links
    from compose.cluster.running import find_running

    running = find_running(cluster)

    async def with_client() -> str:
        async with open_admin_client(running.admin_token) as client:
            return await act(Links(client, running.links_url))

    typer.echo(asyncio.run(with_client()))
