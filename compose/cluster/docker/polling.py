"""How a container tells that it is ready: somebody asks it until it says so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from compose.cluster.readiness import Unaware

POLL_S = 0.05
ANSWER_LIMIT_S = 1.0

Ask = Callable[[], Awaitable[bool]]
"""Is it ready? Raises nothing for a program that does not answer yet."""


class Polled(Unaware):
    """Ready when `ask` says so."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def wait(self) -> Mapping[str, Any]:
        while True:
            if await self._ask():
                return {}
            await asyncio.sleep(POLL_S)


async def says(port: int, question: bytes, *answers: bytes) -> bool:
    """Does the server on that loopback port answer the question with a line that starts as one of `answers`? That
    somebody accepts the connection means nothing: the engine's proxy does so for a server that does not run yet."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                return (await reader.readline()).startswith(answers)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
