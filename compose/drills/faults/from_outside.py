"""How faults look at the cluster from outside: a port, an answer to a greeting."""

import asyncio
import contextlib
from enum import Enum

LOOK_LIMIT_S = 1.0
"""Real seconds without an answer after which somebody counts as silent."""


class Answer(Enum):
    """What became of a connection and of what was said on it."""

    REFUSED = "refuses connections"
    CLOSED = "closes connections without a word"
    SILENT = "takes connections and says nothing"
    SPOKE = "answers"


async def greet(host: str, port: int, hello: bytes, *, limit_s: float = LOOK_LIMIT_S) -> Answer:
    """Connects, says `hello`, waits for a byte."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(limit_s):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(hello)
            return Answer.SPOKE if await reader.read(1) else Answer.CLOSED
    except TimeoutError:
        return Answer.SILENT
    except ConnectionRefusedError:
        return Answer.REFUSED
    except OSError:
        return Answer.REFUSED if writer is None else Answer.CLOSED
    finally:
        if writer is not None:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
