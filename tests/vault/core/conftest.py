"""A simulated device, and vaults on it whose passcodes cost next to nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ecrin.crypto.profiles import CHEAPEST
from ecrin.testing.device import FakeDeviceClock, SimulatedSignals, simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.device.ports import Platform
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.service import Vault

APP = "com.example.notes"
PASSCODE = VaultConfig(type=VaultType.CUSTOM_PASSCODE)


@dataclass
class Bench:
    """A device with its parts in reach, and the vaults that were opened on it."""

    folder: Path
    clock: FakeDeviceClock = field(default_factory=FakeDeviceClock)
    key_store: MemoryKeyStore = field(default_factory=MemoryKeyStore)
    sensor: SimulatedSensor = field(default_factory=SimulatedSensor)
    passcode: SimulatedPasscode = field(default_factory=SimulatedPasscode)
    signals: SimulatedSignals = field(default_factory=SimulatedSignals)
    vaults: list[Vault] = field(default_factory=list)

    @property
    def platform(self) -> Platform:
        return simulated_platform(
            self.folder,
            clock=self.clock,
            key_store=self.key_store,
            sensor=self.sensor,
            passcode=self.passcode,
            signals=self.signals,
        )

    def vault(self, **changes: object) -> Vault:
        """A vault object of its own, as another process would have."""
        found = Vault(APP, **{"platform": self.platform, "profile": CHEAPEST, **changes})  # type: ignore[arg-type]
        self.vaults.append(found)
        return found

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())


Made = Callable[..., Awaitable[Vault]]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    found = Bench(tmp_path)
    yield found
    for vault in found.vaults:
        await vault.close()


@pytest.fixture
def made(bench: Bench) -> Made:
    """Make a vault with a passcode, "1234" by default, that is open."""

    async def make(config: VaultConfig = PASSCODE, passcode: str | None = "1234") -> Vault:
        vault = bench.vault()
        await vault.initialize(config, passcode)
        return vault

    return make
