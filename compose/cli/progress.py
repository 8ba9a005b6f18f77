"""One moving line of progress on a terminal; nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Told what is going on, in a few words."""

    def __call__(self, step: str, /) -> None: ...


@contextmanager
def progress_line(first: str) -> Iterator[Progress]:
    """Shows the latest step on standard error while the block runs, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    from rich.console import Console

    with Console(stderr=True).status(first) as status:
        yield lambda step: status.update(step)
