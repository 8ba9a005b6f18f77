"""The option of every command that starts clusters: where they run."""

from typing import Annotated

import typer

from compose.cluster.where import Where

On = Annotated[
    Where, typer.Option("--on", help="Where clusters run: processes of this machine, or containers of a Docker engine.")
]

__all__ = ["On", "Where"]
