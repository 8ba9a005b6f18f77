"""Doing several things at once where the first failure is the one to tell people about."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, TypeVar

from shared.errors import DcsimError

T = TypeVar("T")


async def together(*steps: Coroutine[Any, Any, object]) -> None:
    """Returns when all are done. When one fails the others are cancelled, and the first error of ours is raised."""
    with _first_of_ours():
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)


async def at_most(limit: int, steps: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """As `together`, at most `limit` at the same time, begun in their order. What each returned, in their order."""
    gate = asyncio.Semaphore(limit)

    async def one(step: Coroutine[Any, Any, T]) -> T:
        async with gate:
            return await step

    with _first_of_ours():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(step)) for step in steps]
    return [task.result() for task in tasks]


@asynccontextmanager
async def all_open(managers: Mapping[str, AbstractAsyncContextManager[T]]) -> AsyncIterator[dict[str, T]]:
    """Opens all at the same time and closes all at the same time. When one fails to open, none stays open."""
    opened: dict[str, T] = {}
    over = asyncio.Event()

    async def hold(name: str, manager: AbstractAsyncContextManager[T], is_open: asyncio.Event) -> None:
        async with manager as value:
            opened[name] = value
            is_open.set()
            await over.wait()

    with _first_of_ours():
        async with asyncio.TaskGroup() as group:
            events = {name: asyncio.Event() for name in managers}
            for name, manager in managers.items():
                group.create_task(hold(name, manager, events[name]))
            for event in events.values():
                await event.wait()
            try:
                yield {name: opened[name] for name in managers}
            finally:
                over.set()


@contextmanager
def _first_of_ours() -> Iterator[None]:
    """Out of a group of failures, the first error that was written for people."""
    try:
        yield
    except BaseExceptionGroup as failures:
        ours = failures.subgroup(DcsimError)
        if ours is None:
            raise
        raise first_leaf(ours) from failures


def first_leaf(failures: BaseExceptionGroup[DcsimError]) -> DcsimError:
    first = failures.exceptions[0]
    return first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
