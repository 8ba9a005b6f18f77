"""What the engine says has happened. A fault counts as done when its event has come, and not before."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import DockerException

from compose.cluster.docker.engine import Engine, end_stream
from shared.errors import HarnessError

CONFIRM_LIMIT_S = 5.0
"""Real time an event may take to come after the call that made it happen."""


@dataclass(frozen=True, slots=True)
class Event:
    """`kind` is what it is about, such as container; `of` is that one's id."""

    kind: str
    action: str
    of: str
    attributes: Mapping[str, str]

    def releases(self, container: str) -> bool:
        """Has a network let go of that container?"""
        return (self.kind, self.action, self.attributes.get("container")) == ("network", "disconnect", container)


Listener = Callable[[Event | None], None]
"""Told of every event, and None once nothing more will be heard."""


class Events:
    """See the module. `heard` and `lost` are called in the event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._is_lost = False

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Returns what ends the listening."""
        self._listeners.add(listener)
        if self._is_lost:
            listener(None)
        return lambda: self._listeners.discard(listener)

    @asynccontextmanager
    async def confirmed(self, what: str, matches: Callable[[Event], bool]) -> AsyncIterator[None]:
        """Whatever the block asks of the engine is confirmed by an event that matches.

        Raises HarnessError when none has come CONFIRM_LIMIT_S after the block.
        """
        happened = asyncio.Event()
        stop = self.listen(lambda event: happened.set() if event is not None and matches(event) else None)
        try:
            yield
            async with asyncio.timeout(CONFIRM_LIMIT_S):
                await happened.wait()
        except TimeoutError as error:
            raise HarnessError(f"the Docker engine has not confirmed within {CONFIRM_LIMIT_S:g} s: {what}") from error
        finally:
            stop()

    def heard(self, event: Event) -> None:
        for listener in list(self._listeners):
            listener(event)

    def lost(self) -> None:
        self._is_lost = True
        for listener in list(self._listeners):
            listener(None)


@asynccontextmanager
async def hear_events(engine: Engine) -> AsyncIterator[Events]:
    """What happens to containers and networks from now on, for the length of the block."""
    events, loop = Events(), asyncio.get_running_loop()
    filters = {"type": ["container", "network"]}
    stream = await engine.call("tell what happens", engine.api.events, decode=True, filters=filters)

    def follow() -> None:
        with suppress(DockerException, requests.RequestException, OSError, ValueError, AttributeError):
            for item in stream:
                loop.call_soon_threadsafe(events.heard, _parsed(item))
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(events.lost)

    thread = threading.Thread(target=follow, name="engine events", daemon=True)
    thread.start()
    try:
        yield events
    finally:
        end_stream(stream)
        await asyncio.to_thread(thread.join, CONFIRM_LIMIT_S)


def _parsed(item: Mapping[str, Any]) -> Event:
    actor = item.get("Actor", {})
    return Event(
        str(item.get("Type", "")), str(item.get("Action", "")), str(actor.get("ID", "")), actor.get("Attributes") or {}
    )
