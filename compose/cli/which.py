"""The option of every command that works on a cluster which `dcsim up` runs in another terminal."""

from typing import Annotated

import typer

Which = Annotated[
    str | None,
    typer.Option("--cluster", metavar="URL|PID", help="Which cluster, by its URL or its pid, when several run."),
]
