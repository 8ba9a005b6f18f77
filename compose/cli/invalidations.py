"""`dcsim invalidations`: what was invalidated in a running cluster, and what each node made of it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from compose.cluster.running import RunningCluster


def invalidations(
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="URL|PID", help="Which cluster, by its URL or its pid, when several run."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on one line, for scripts.")] = False,
) -> None:
    """Say what was invalidated, newest first, and what became of it on each node."""
    import asyncio
    import json

    from compose.cli.invalidations_text import receipts_text
    from compose.cluster.running import find_running

    found, silent = asyncio.run(_gather(find_running(cluster), limit))
    if as_json:
        typer.echo(json.dumps({"invalidations": found, "silent": silent}, separators=(",", ":")))
    else:
        typer.echo(receipts_text(found, silent))


async def _gather(running: "RunningCluster", limit: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Every node keeps the receipts of its own calls: asks all of them; returns also the names of those that did not
    answer, whose receipts are missing."""
    import asyncio

    from compose.cluster.admin_client import Refused, Silent, open_admin_client

    async with open_admin_client(running.admin_token) as client:

        async def ask(url: str) -> list[dict[str, Any]] | None:
            try:
                return await client.invalidations(url, limit=limit)
            except Refused:
                return []  # the balancer has none
            except Silent:
                return None

        answers = await asyncio.gather(*(ask(url) for url in running.operator_urls.values()))
    by_name = dict(zip(running.operator_urls, answers, strict=True))
    found = [receipt for answer in answers for receipt in answer or ()]
    found.sort(key=lambda receipt: int(receipt["position"]), reverse=True)
    return found[:limit], [name for name, answer in by_name.items() if answer is None]
