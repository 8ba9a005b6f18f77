"""Flags that take more than a word: `--node-version ID=V` and `--switch KEY=VALUE`. Pure; errors are the operator's."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import ValidationError

from compose.nearest import unknown_word
from shared.errors import OperatorError
from shared.settings import Switches, explain
from shared.versions import Version

if TYPE_CHECKING:
    from rich.console import Console

PIPE_WIDTH = 132


def node_versions(pairs: Iterable[str]) -> dict[str, Version]:
    """["node-2=9.10"] as versions by node id."""
    return {
        node_id: Version.parse(version)
        for node_id, version in (_split(pair, "--node-version", "node-2=9.10") for pair in pairs)
    }


def switches(pairs: Iterable[str]) -> Switches:
    """["crowd.gate=either"] as switches; dots, dashes and underscores in a name are the same."""
    chosen = {}
    for pair in pairs:
        key, value = _split(pair, "--switch", "crowd_gate=either")
        name = key.replace(".", "_").replace("-", "_")
        if name not in Switches.model_fields:
            raise OperatorError(unknown_word(key, Switches.model_fields, kind="switch"))
        chosen[name] = value
    try:
        return Switches.model_validate(chosen)
    except ValidationError as error:
        problems = explain(error).partition("\n")[2].split("\n")
        raise OperatorError(f"--switch {'; '.join(problem.strip() for problem in problems)}") from error


def pairs(given: Iterable[str], *, flag: str) -> dict[str, str]:
    """["victim=bob"] by key. Raises OperatorError for one without a key or a value."""
    return dict(_split(pair, flag, "victim=bob") for pair in given)


def console() -> "Console":
    """Standard output for people: as wide as the terminal, and wide enough for a table in a pipe."""
    from rich.console import Console

    return Console(
        width=None if sys.stdout.isatty() else PIPE_WIDTH, soft_wrap=not sys.stdout.isatty(), highlight=False
    )


def _split(pair: str, flag: str, example: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not (key and equals and value):
        raise OperatorError(f"{flag} {pair!r} cannot be read; write it as {example}")
    return key, value
