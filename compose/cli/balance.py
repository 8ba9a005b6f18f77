"""`dcsim drain`, `ready` and `maintenance`: tells a running cluster's balancer what the operator wants of a node."""

from typing import Annotated

import typer

from compose.cli.which import Which

NodeName = Annotated[str, typer.Argument(help="The node, such as node-2.")]


def drain(
    node: NodeName,
    hard: Annotated[
        bool, typer.Option("--hard", help="Move bound users too, instead of serving them until they leave.")
    ] = False,
    cluster: Which = None,
) -> None:
    """Send a node no new users. Its own stay with it until they leave, unless --hard."""
    _wish(cluster, node, "drain", mode="hard" if hard else "soft")


def ready(node: NodeName, cluster: Which = None) -> None:
    """Let a drained node, or one in maintenance, have users again."""
    _wish(cluster, node, "ready")


def maintenance(node: NodeName, cluster: Which = None) -> None:
    """Send a node nobody at all and stop checking it."""
    _wish(cluster, node, "maintenance")


def _wish(cluster: str | None, node: str, wish: str, **body: object) -> None:
    import asyncio

    from compose.cluster.admin_client import Refused, open_admin_client
    from compose.cluster.running import find_running
    from shared.errors import OperatorError

    running = find_running(cluster)
    url = running.operator_urls.get("balancer")
    if url is None:
        raise OperatorError("this cluster's balancer is not dcsim's; use its own tools")

    async def tell() -> dict[str, object]:
        async with open_admin_client(running.admin_token) as client:
            return await client.balance(url, node, wish, **body)

    try:
        told = asyncio.run(tell())
    except Refused as error:
        raise OperatorError(f"the balancer refuses: {error.said}") from error
    bound, running_now = told["sessions"], told["in_flight"]
    typer.echo(
        f"{node}: wanted {told['operator']}, found {told['health']}; {bound} clients bound, {running_now} in flight"
    )
