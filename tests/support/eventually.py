"""Waiting for something that becomes true, with a deadline and never with a bare sleep."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
POLL_S = 0.01


async def eventually(check: Callable[[], T | Awaitable[T]], *, within_s: float = 10.0, what: str = "") -> T:
    """The first truthy result of `check`, which may be a coroutine function; AssertionError after real `within_s`."""
    deadline = time.monotonic() + within_s
    while True:
        result = check()
        if inspect.isawaitable(result):
            result = await result
        if result:
            return result
        assert time.monotonic() < deadline, f"{what or check} was still not so after {within_s:g} s; it was {result!r}"
        await asyncio.sleep(POLL_S)
