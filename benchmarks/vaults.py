"""Our vault, to be measured beside its peers: values of 1 KB in a real file; of the device only the clock is real.

The passcode costs next to nothing and is bound to nothing, so that what is measured is the vault and not Argon2id.
Nothing anchors it unless a key store is given: what an anchor costs has a line of its own.
"""

import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecrin.crypto.profiles import CHEAPEST
from ecrin.testing.device import simulated_platform
from ecrin.vault import Anchored, Bound, Vault, VaultConfig, VaultType
from ecrin.vault.device.here import here
from ecrin.vault.device.ports import KeyStore

COUNT = 10_000  # values in a vault
BYTES = 1024  # of a value
TOGETHER = 100  # values in a transaction
IDLE_MS = 3_600_000  # it is never reached, but looked at for every get and set
PASSCODE = "opens the vault of the benchmarks"


def values(count: int) -> dict[str, str]:
    """Return that many names, and a text of 1 KB for each: some peers keep text only."""
    return {f"session/{number:05}": secrets.token_hex(BYTES // 2) for number in range(count)}


def batches(kept: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the values in transactions."""
    pairs = list(kept.items())
    return [dict(pairs[at : at + TOGETHER]) for at in range(0, len(pairs), TOGETHER)]


@asynccontextmanager
async def opened(folder: Path, kept: Mapping[str, str], key_store: KeyStore | None = None) -> AsyncIterator[Vault]:
    """Make a vault that holds these values, give it, open, and close it; a key store anchors it."""
    anchored = Anchored.NOTHING if key_store is None else Anchored.KEY_STORE
    config = VaultConfig(
        type=VaultType.CUSTOM_PASSCODE, bound=Bound.NOTHING, anchored=anchored, lock_after_idle_ms=IDLE_MS
    )
    platform = simulated_platform(folder, clock=here().clock, key_store=key_store)
    async with Vault("com.example.bench", platform=platform, profile=CHEAPEST) as vault:
        await vault.initialize(config, PASSCODE)
        for batch in batches(kept):
            await vault.set_values(batch)
        yield vault


class Peer(Protocol):
    """Another store of texts by name."""

    name: str

    def get(self, name: str) -> str:
        """Return a value."""
        ...

    def put(self, values: Mapping[str, str]) -> None:
        """Keep values; where the peer says when they are on disk, they are when this returns."""
        ...


@dataclass(frozen=True, slots=True)
class Spent:
    """What a number of calls took: seconds by the clock, and of this process's processor time in all threads."""

    calls: int
    clock: float
    processor: float

    @property
    def rate(self) -> float:
        """Return calls a second by the clock."""
        return self.calls / self.clock

    @property
    def per_processor(self) -> float:
        """Return calls a second of processor time."""
        return self.calls / self.processor


class Watch:
    """Started when it is made."""

    def __init__(self) -> None:
        self._clock, self._processor = time.perf_counter(), time.process_time()

    def spent(self, calls: int = 1) -> Spent:
        """Return what was spent since."""
        return Spent(calls, time.perf_counter() - self._clock, time.process_time() - self._processor)


async def read(store: Vault | Peer, names: Sequence[str]) -> Spent:
    """Return what it takes to get these, one after the other."""
    watch = Watch()
    if isinstance(store, Vault):
        for name in names:
            await store.get_value(name)
    else:
        for name in names:
            store.get(name)
    return watch.spent(len(names))


async def write(store: Vault | Peer, kept: Mapping[str, str]) -> Spent:
    """Return what it takes to set these in one go."""
    watch = Watch()
    if isinstance(store, Vault):
        await store.set_values(kept)
    else:
        store.put(kept)
    return watch.spent(len(kept))
