"""What a signal means to a command that runs until it is told to end.

The first one asks for an orderly end, a second one for a quick one. Ctrl-C is an interruption (130); SIGTERM, and a
terminal that closes, are the way to end a cluster that is ready (0).
"""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from shared.errors import EXIT_INTERRUPTED, EXIT_PASS

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """Counts the signals. `asked` is set by the first, each later one calls `hurry`."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.by: signal.Signals | None = None
        self.hurry: Callable[[], None] = lambda: None

    def heard(self, number: signal.Signals) -> None:
        if self.by is None:
            self.by = number
            self.asked.set()
        else:
            self.hurry()

    def hurries(self, hurry: Callable[[], None]) -> None:
        """Adds to what a second signal does."""
        before = self.hurry

        def both() -> None:
            before()
            hurry()

        self.hurry = both

    def exit_code(self, *, was_ready: bool) -> int:
        return EXIT_PASS if was_ready and self.by is not signal.SIGINT else EXIT_INTERRUPTED


@contextmanager
def listening() -> Iterator[Ending]:
    """Handles the signals for the length of the block."""
    loop = asyncio.get_running_loop()
    ending = Ending()
    for number in _ENDING:
        loop.add_signal_handler(number, ending.heard, number)
    try:
        yield ending
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


async def unless_ended(work: Coroutine[Any, Any, None], ending: Ending) -> None:
    """Runs `work` until it is done or the end is asked for; then it is cancelled, and its own closing waited for."""
    running = asyncio.create_task(work)
    asked = asyncio.create_task(ending.asked.wait())
    try:
        await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        running.cancel()
        asked.cancel()
        await asyncio.wait({running})
    if not running.cancelled():
        running.result()
