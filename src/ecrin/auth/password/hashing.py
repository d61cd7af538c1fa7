"""Argon2id in threads: one per core, a bounded queue before them, and a low priority so that replies go first."""

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ecrin.base.secret import Secret
from ecrin.crypto.passwords import INTERACTIVE, Profile, hash_password, needs_rehash, verify_password
from ecrin.errors import Overloaded

QUEUE_PER_THREAD = 64
NICENESS = 10
T = TypeVar("T")


class PasswordHasher:
    """Hashes and verifies; refuses with `Overloaded` what could only be answered after more than about a second."""

    def __init__(self, profile: Profile = INTERACTIVE, threads: int | None = None) -> None:
        threads = threads or _cores()
        self._profile = profile
        self._room = threads * (QUEUE_PER_THREAD + 1)
        self._waiting = 0
        self._pool = ThreadPoolExecutor(threads, "password-hash", initializer=_step_back)
        # Verified when there is no account, so that the answer costs the same (attack A24).
        self._decoy = hash_password(secrets.token_urlsafe(16), profile)
        self.verifications = 0

    async def hash(self, password: str) -> Secret[str]:
        """Return the PHC string of a password; raises `Overloaded`."""
        return Secret(await self._run(hash_password, password, self._profile))

    async def verify(self, stored: Secret[str] | None, password: str) -> None:
        """Accept the password of a stored hash; raises `PasswordMismatch`, always where nothing is stored."""
        self.verifications += 1
        await self._run(verify_password, stored.reveal() if stored else self._decoy, password)

    def outdated(self, stored: Secret[str]) -> bool:
        """Return whether a hash was made with other parameters than today's."""
        return needs_rehash(stored.reveal(), self._profile)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        if self._waiting >= self._room:
            raise Overloaded
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)
        finally:
            self._waiting -= 1


def _cores() -> int:
    """Return how many cores this process may use, or where the system does not tell, how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _step_back() -> None:
    """Lower the priority of this thread alone, which Linux allows without privilege."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
