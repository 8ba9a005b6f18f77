"""Password hashing: argon2id on threads, so that a login does not hold up everybody else's requests."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

WORKERS = 2


class Passwords:
    """Hashes and checks. The cost is low by default: this is a rehearsal with known passwords, not a vault."""

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def matches(self, credential: str | None, password: str) -> bool:
        """None is a user who does not exist: as slow as a real check, and always False."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, self._verify, credential or self._nobody, password
        )
        return found and credential is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, credential: str, password: str) -> bool:
        try:
            return self._hasher.verify(credential, password)
        except (VerificationError, InvalidHashError):
            return False
