"""`dcsim matrix`: Atlassian's table of invalidating actions, measured."""

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.on import On, Where
from shared.settings import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compose.cluster.handle import Cluster
    from shared.versions import Version


def matrix(
    version: Annotated[
        list[str] | None, typer.Option(help="A version to measure; may be repeated. Default: 9.10 and 9.11.")
    ] = None,
    nodes: Annotated[int, typer.Option(help="Nodes of each cluster: one acts, the others are the cluster.")] = 3,
    delivery: Annotated[
        Delivery, typer.Option(help="How an invalidation travels between nodes from 9.11 on.")
    ] = Delivery.FENCED,
    switch: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A model switch; may be repeated.")
    ] = None,
    on: On = Where.PROCESSES,
    postgres_url: Annotated[str | None, typer.Option(help="Use this Postgres. Default: a private one.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="Use this Redis or Valkey. Default: a private one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything measured as one JSON object.")] = False,
) -> None:
    """Measure which action ends a user's sessions where, on real clusters. Exit 0 if all is as documented, else 1."""
    import json
    import sys

    from compose.cli import flags
    from compose.cli.progress import progress_line
    from compose.cli.versions_run import VersionsSpec, run_on_versions
    from compose.matrix import render
    from compose.matrix.run import measure_all
    from shared.errors import OperatorError
    from shared.versions import JIRA_9_10, JIRA_9_11, Version

    if nodes < 2:
        raise OperatorError(
            f"the matrix compares a node with the rest of its cluster; give --nodes 2 or more, not {nodes}"
        )
    versions = [Version.parse(text) for text in version or ()] or [JIRA_9_10, JIRA_9_11]
    if len(set(versions)) < len(versions):
        raise OperatorError("the same --version is given twice")
    chosen = flags.switches(switch or ())
    spec = VersionsSpec(versions, nodes, delivery, chosen, postgres_url, redis_url, on)

    async def work(clusters: "Mapping[Version, Cluster]") -> int:
        result = await measure_all(clusters, say=say)
        if as_json:
            sys.stdout.write(json.dumps(render.as_json(result, switches=chosen, delivery=delivery)) + "\n")
        else:
            console = flags.console()
            console.print(render.as_table(result, versions))
            console.print(render.conditions(switches=chosen, delivery=delivery))
        return result.exit_code

    with progress_line("starting Postgres, Valkey and the clusters") as say:
        code = run_on_versions(spec, work, say=say)
    raise typer.Exit(code)
