"""After the floor was raised: asks the database about the sessions below it, a batch at a time, and ends the void ones.

Nothing depends on it, since a session below the floor is asked about at its next use anyway; it gives back the memory
of those that are never used again, and spares the others the question. The pauses are real time.
"""

import asyncio

from node.caches import Caches
from node.store import directory
from node.store.engine import Database
from shared.errors import DependencyError
from shared.log import get_logger

log = get_logger()

BATCH = 250
"""Sessions asked about in one statement: well below 5 ms of the event loop, answer included."""
LOOK_S = 0.5


async def run_floor_cleaning(caches: Caches, database: Database) -> None:
    """Cleans up once for each time the floor was raised, until cancelled."""
    cleaned = caches.floors
    while True:
        await asyncio.sleep(LOOK_S)
        floor = caches.floors
        if floor == cleaned:
            continue
        try:
            ended = await clean_below_floor(caches, database)
        except DependencyError as error:
            log.debug("no cleaning below the floor", error=str(error))
            continue
        cleaned = floor
        log.info("cleaned below the floor", ended=ended, kept=len(caches.web_sessions))


async def clean_below_floor(caches: Caches, database: Database) -> int:
    """One walk over all sessions; returns how many were void. Raises DependencyError when the database is away."""
    ended = 0
    for chunk in caches.web_sessions.walk(BATCH):
        below = [session for session in chunk if session.account is not None and caches.is_below_floor(session)]
        if below:
            since = caches.mark()
            async with database.transaction() as connection:
                keys = {session.account.user_key for session in below if session.account is not None}
                epochs = await directory.epochs_of(connection, keys)
            ended += sum(caches.settle(session, epochs, since=since) for session in below)
        await asyncio.sleep(0)
    return ended
