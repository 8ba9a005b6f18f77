"""`dcsim demo`: what 9.11 changed, told and measured in a few seconds."""

from typing import TYPE_CHECKING, Annotated

import typer

from compose.cli.on import On, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from compose.cluster.handle import Cluster
    from shared.versions import Version

NEXT = """
Next:
  dcsim up                                     a cluster to log in to, until Ctrl-C
  dcsim clock step 15m                         let its policy time pass, from another terminal
  dcsim matrix --switch crowd_gate=either      the same table under another model
  dcsim config explain web.xml seraph-config.xml   what your own files mean for people"""


def demo(
    nodes: Annotated[int, typer.Option(help="Nodes of each cluster, 2 to 32.")] = 3,
    on: On = Where.PROCESSES,
    postgres_url: Annotated[str | None, typer.Option(help="Use this Postgres. Default: a private one.")] = None,
    redis_url: Annotated[str | None, typer.Option(help="Use this Redis or Valkey. Default: a private one.")] = None,
) -> None:
    """Tell the story of a stolen password on Jira 9.10 and on 9.11, then measure the whole table on both.

    Everything is real: nodes, balancer, Postgres and Valkey run while the command does, and leave nothing behind.
    """
    from compose.cli import flags
    from compose.cli.progress import progress_line
    from compose.cli.versions_run import VersionsSpec, run_on_versions
    from compose.demo.story import tell_story
    from compose.matrix import render
    from compose.matrix.run import measure_all, node_urls
    from shared.errors import EXIT_FAIL, OperatorError
    from shared.settings import Delivery, Switches
    from shared.versions import JIRA_9_10, JIRA_9_11

    if nodes < 2:
        raise OperatorError(f"the story needs two nodes or more, not {nodes}")
    versions = [JIRA_9_10, JIRA_9_11]
    console = flags.console()

    async def work(clusters: "Mapping[Version, Cluster]") -> int:
        endings = []
        for version, cluster in clusters.items():
            console.print(f"\nJira {version}, {nodes} nodes, a stolen password", style="bold")
            urls = node_urls(cluster)
            endings.append(await tell_story(urls, cluster.clock, version, tell=lambda line: console.print(f"  {line}")))
        before, after = endings
        console.print(
            f"\nThe thief stayed in for {before} before 9.11, and for {after} since.\n", style="bold", highlight=False
        )
        result = await measure_all(clusters, say=say)
        console.print(render.as_table(result, versions))
        console.print(render.conditions(switches=Switches(), delivery=Delivery.FENCED))
        console.print(NEXT, highlight=False, markup=False)
        return result.exit_code if all(ending.as_documented for ending in endings) else EXIT_FAIL

    console.print(f"Starting two clusters of {nodes} nodes each, Jira 9.10 and Jira 9.11, with Postgres and Valkey.")
    with progress_line("starting") as say:
        code = run_on_versions(
            VersionsSpec(versions, nodes, postgres_url=postgres_url, redis_url=redis_url, on=on), work, say=say
        )
    raise typer.Exit(code)
