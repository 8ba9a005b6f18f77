"""All links of one relay: those it was started with, and those of nodes that joined later."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from compose.cluster.links.link import Link
from compose.cluster.links.settings import LinkSettings
from shared.errors import CallerError

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Switchboard:
    """`spawn` runs each link for as long as it is there."""

    def __init__(self, *, host: str, spawn: Spawn) -> None:
        self.links: dict[str, Link] = {}
        self._host = host
        self._spawn = spawn
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def find(self, name: object) -> Link:
        """Raises CallerError 404 for a link there is not."""
        link = self.links.get(str(name))
        if link is None:
            raise CallerError(404, f"there is no link {str(name)[:80]!r}; there is {', '.join(self.links)}")
        return link

    def add(self, settings: LinkSettings) -> Link:
        """Raises CallerError 409 for a name that is taken."""
        if settings.name in self.links:
            raise CallerError(409, f"there is a link {settings.name!r} already")
        link = self.links[settings.name] = Link(settings, host=self._host)
        self._tasks[settings.name] = self._spawn(link.run())
        return link

    async def remove(self, name: object) -> None:
        """Everything that ran through it is broken off when this returns. Raises CallerError 404."""
        link = self.find(name)
        del self.links[link.settings.name]
        task = self._tasks.pop(link.settings.name)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def close(self) -> None:
        """Every link ends."""
        for task in self._tasks.values():
            task.cancel()
