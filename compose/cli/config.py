"""`dcsim config`: what Jira's own configuration files mean for the people logged in."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from shared.errors import OperatorError
from shared.jira_config import diff, explain, read, read_files, read_install
from shared.jira_config.text import difference_data, difference_text, explanation_data, explanation_text
from shared.settings import Sticky, Upstream

_NODE = re.compile(r"(?P<id>[A-Za-z0-9][A-Za-z0-9_-]{0,59})=(?P<host>[A-Za-z0-9.:-]+):(?P<port>\d{1,5})")

config_app = typer.Typer(no_args_is_help=True, help="What web.xml and seraph-config.xml mean for users.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
AllowOverflow = Annotated[
    bool, typer.Option("--allow-overflow", help="Show what Jira makes of a remember-me age it cannot count to.")
]


@config_app.command("explain")
def explain_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="web.xml and seraph-config.xml files, recognised by what they contain; none is Jira as shipped.",
            show_default=False,
        ),
    ] = None,
    jira_install: Annotated[
        Path | None, typer.Option(help="A Jira installation directory.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    allow_overflow: AllowOverflow = False,
) -> None:
    """Say how often users will be asked to log in, and which line of which file decided it."""

    def show() -> None:
        if jira_install is not None and files:
            raise OperatorError("give either files or --jira-install, not both")
        config = (
            read_files(files or [], allow_overflow=allow_overflow)
            if jira_install is None
            else read_install(jira_install, allow_overflow=allow_overflow)
        )
        explanation = explain(config)
        _print(explanation_data(explanation) if as_json else explanation_text(explanation))

    _run(show)


@config_app.command("diff")
def diff_command(
    before: Annotated[Path, typer.Argument(help="A file, or a Jira installation directory.")],
    after: Annotated[Path, typer.Argument(help="A file, or a Jira installation directory.")],
    as_json: AsJson = False,
    allow_overflow: AllowOverflow = False,
) -> None:
    """Say what changes for users when BEFORE is replaced by AFTER."""

    def show() -> None:
        difference = diff(read(before, allow_overflow=allow_overflow), read(after, allow_overflow=allow_overflow))
        _print(difference_data(difference) if as_json else difference_text(difference))

    _run(show)


@config_app.command("balancer")
def balancer_command(
    product: Annotated[str, typer.Argument(help="haproxy, nginx or apache.")],
    node: Annotated[
        list[str] | None,
        typer.Option(metavar="ID=HOST:PORT", help="A node of your cluster; may be repeated.", show_default=False),
    ] = None,
    sticky: Annotated[Sticky, typer.Option(help="What binds a client to a node.")] = Sticky.COOKIE,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port the balancer listens on.")] = 80,
    context_path: Annotated[str, typer.Option(help="Path under which Jira is served, such as /jira.")] = "",
) -> None:
    """Print a commented configuration for the balancer of a real cluster, with what Atlassian documents about it."""

    def show() -> None:
        from compose.cluster.spec import check_context_path
        from compose.real_balancers.configurations import ADVICE, Front, configuration, product_named

        check_context_path(context_path)
        nodes = tuple(_upstream(text) for text in node or ("node-1=10.0.0.1:8080", "node-2=10.0.0.2:8080"))
        front = Front(nodes, "/var/lib/dcsim", host="0.0.0.0", port=port, sticky=sticky, context_path=context_path)
        typer.echo(ADVICE + configuration(product_named(product), front), nl=False)

    _run(show)


def _upstream(text: str) -> Upstream:
    """ "node-1=10.0.0.1:8080" as a node. Raises OperatorError for anything else."""
    match = _NODE.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        raise OperatorError(f"--node {text!r} cannot be read; write it as node-1=10.0.0.1:8080")
    return Upstream(id=match["id"], host=match["host"], port=int(match["port"]))


def _run(show: Callable[[], None]) -> None:
    try:
        show()
    except OperatorError as error:
        from shared.serving import report  # brings a web server along, which other commands should not wait for

        raise typer.Exit(report(error)) from error


def _print(answer: str | dict[str, object]) -> None:
    if isinstance(answer, dict):
        typer.echo(json.dumps(answer))
        return
    console = Console(soft_wrap=True)
    for line in answer.splitlines():
        console.print(Text(line, style="" if line.startswith(" ") else "bold"))
