"""The Typer application: every command of `dcsim` is entered here, by hand."""

import typer

from compose.cli.balance import drain, maintenance, ready
from compose.cli.clean import clean
from compose.cli.clock import clock_app
from compose.cli.config import config_app
from compose.cli.demo import demo
from compose.cli.drill import drill_app
from compose.cli.invalidations import invalidations
from compose.cli.links import fault, heal, links
from compose.cli.matrix import matrix
from compose.cli.up import up

app = typer.Typer(
    help="Rehearse what a Jira Data Center cluster does to the people logged in to it.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo)
app.command("up")(up)
app.command("matrix")(matrix)
app.command("invalidations")(invalidations)
app.command("links")(links)
app.command("fault")(fault)
app.command("heal")(heal)
app.command("drain")(drain)
app.command("ready")(ready)
app.command("maintenance")(maintenance)
app.add_typer(drill_app, name="drill")
app.command("clean")(clean)
app.add_typer(clock_app, name="clock")
app.add_typer(config_app, name="config")


@app.callback()
def _several_commands() -> None:
    """Rehearse what a Jira Data Center cluster does to the people logged in to it."""
