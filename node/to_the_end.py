"""Work that is done to the end though its caller hangs up: aiohttp then cancels the task of his request, wherever it
stands, and between a commit and what follows it in memory that would leave the two at odds."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from shared.log import get_logger

log = get_logger()

T = TypeVar("T")


class ToTheEnd:
    """Runs each piece of work in a task of its own and holds it until it is over."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    async def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Returns or raises what the work does, to a caller who is still there."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._over)
        return await asyncio.shield(task)

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("action not performed", error=str(error))
