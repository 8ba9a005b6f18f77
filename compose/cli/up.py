"""`dcsim up`: starts a cluster and keeps it until it is told to end, then leaves nothing behind."""

from pathlib import Path
from typing import Annotated

import typer

from compose.cli.on import On, Where
from compose.cluster.spec import BalancerKind
from shared.settings import Delivery, Sticky


def up(
    nodes: Annotated[int, typer.Option(help="How many nodes, 1 to 32.")] = 3,
    version: Annotated[str, typer.Option(help="The Jira version all nodes play.")] = "9.11",
    node_version: Annotated[
        list[str] | None, typer.Option(metavar="ID=VERSION", help="Another version for one node; may be repeated.")
    ] = None,
    delivery: Annotated[
        Delivery, typer.Option(help="How an invalidation travels between nodes from 9.11 on.")
    ] = Delivery.FENCED,
    on: On = Where.PROCESSES,
    sticky: Annotated[Sticky, typer.Option(help="What binds a client to a node.")] = Sticky.COOKIE,
    balancer: Annotated[
        BalancerKind, typer.Option(help="What stands in front: ours, or HAProxy or nginx as installed here.")
    ] = BalancerKind.OWN,
    context_path: Annotated[str, typer.Option(help="Path under which everything is served, such as /jira.")] = "",
    port: Annotated[int, typer.Option(help="Port of the balancer; 0 is any free one.")] = 0,
    switch: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A model switch; may be repeated.")
    ] = None,
    jira_install: Annotated[
        Path | None, typer.Option(help="Take session settings from this Jira installation directory.")
    ] = None,
    web_xml: Annotated[Path | None, typer.Option(help="Take them from this WEB-INF/web.xml.")] = None,
    server_web_xml: Annotated[Path | None, typer.Option(help="And from this conf/web.xml, which loses.")] = None,
    seraph_config: Annotated[Path | None, typer.Option(help="And from this seraph-config.xml.")] = None,
    allow_overflow: Annotated[
        bool, typer.Option("--allow-overflow", help="Do as Jira does with a remember-me age it cannot count to.")
    ] = False,
    postgres_url: Annotated[
        str | None,
        typer.Option(help="Use this server, in a new database of its own, dropped at the end. Default: a private one."),
    ] = None,
    redis_url: Annotated[str | None, typer.Option(help="Use this Redis or Valkey. Default: a private one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object once the cluster is ready.")] = False,
) -> None:
    """Start a cluster, print where it is and who can log in, and run it until Ctrl-C or SIGTERM."""
    import asyncio

    from compose.cli import flags
    from compose.cli.up_run import run_until_ended
    from compose.cluster.configured import read_configuration
    from compose.cluster.spec import ClusterSpec, numbered_nodes
    from shared.jira_config import Role
    from shared.versions import Version

    given = {Role.APPLICATION: web_xml, Role.SERVER: server_web_xml, Role.SERAPH: seraph_config}
    files = {role: path for role, path in given.items() if path is not None}
    configured = read_configuration(jira_install, files, allow_overflow=allow_overflow)
    for note in configured.notes:
        typer.echo(f"note: {note}", err=True)
    spec = ClusterSpec(
        numbered_nodes(nodes, version=Version.parse(version), versions=flags.node_versions(node_version or ())),
        delivery=delivery,
        sticky=sticky,
        balancer=balancer,
        context_path=context_path,
        port=port,
        switches=flags.switches(switch or ()),
        limits=configured.limits,
        login_rules=configured.login_rules,
    )
    raise typer.Exit(
        asyncio.run(run_until_ended(spec, on=on, postgres_url=postgres_url, redis_url=redis_url, as_json=as_json))
    )
