"""Doing several things at once where the first failure is the one to tell people about."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from shared.errors import DcsimError


async def together(*steps: Coroutine[Any, Any, object]) -> None:
    """Returns when all are done. When one fails the others are cancelled, and the first error of ours is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except BaseExceptionGroup as failures:
        ours = failures.subgroup(DcsimError)
        if ours is None:
            raise
        raise first_leaf(ours) from failures


def first_leaf(failures: BaseExceptionGroup[DcsimError]) -> DcsimError:
    first = failures.exceptions[0]
    return first_leaf(first) if isinstance(first, BaseExceptionGroup) else first
