"""The key of what is kept: one for all processes, and never another one while there are files of the old."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.biometrics.service import Biometrics
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import VaultKeyMissing
from ecrin.vault.memory import SecretRoom
from vault.secret_service import SecretServiceDaemon

APP = "com.example.notes"
FIRST_SET = """
import asyncio, sys
from pathlib import Path
from ecrin.testing.device import simulated_platform
from ecrin.vault.biometrics.service import Biometrics
from ecrin.vault.device.linux.secretservice import SecretService
device = simulated_platform(Path(sys.argv[1]), key_store=SecretService())
asyncio.run(Biometrics("com.example.notes", platform=device).set_data(sys.argv[2], sys.argv[2]))
"""


class SlowKeyStore(MemoryKeyStore):
    """One whose answers are late, so that another asks before the first has heard."""

    async def get(self, service: str, item: str) -> SecretRoom | None:
        found = await super().get(service, item)
        await asyncio.sleep(0.02)
        return found


@pytest.fixture
def key_store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def platform(tmp_path: Path, key_store: MemoryKeyStore) -> Platform:
    return simulated_platform(tmp_path, key_store=key_store)


@pytest.fixture
def biometrics(platform: Platform) -> Biometrics:
    return Biometrics(APP, platform=platform)


async def test_two_that_set_first_at_the_same_time_share_one_key(tmp_path: Path) -> None:
    platform = simulated_platform(tmp_path, key_store=SlowKeyStore())
    one, other = Biometrics(APP, platform=platform), Biometrics(APP, platform=platform)
    await asyncio.gather(one.set_data("one", "1"), other.set_data("other", "2"))
    assert [await one.get_data("one"), await one.get_data("other")] == ["1", "2"]


async def test_the_first_sets_of_several_processes_share_one_key(
    secret_service: SecretServiceDaemon, tmp_path: Path
) -> None:
    names = ["one", "two", "three", "four"]
    writers = [subprocess.Popen([sys.executable, "-c", FIRST_SET, str(tmp_path), name]) for name in names]
    codes = [await asyncio.to_thread(writer.wait, 60) for writer in writers]
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, key_store=SecretService()))
    assert codes == [0, 0, 0, 0]
    assert [await biometrics.get_data(name) for name in names] == names


async def test_without_its_key_nothing_is_given_out_and_no_new_key_is_made(
    biometrics: Biometrics, key_store: MemoryKeyStore
) -> None:
    await biometrics.set_data("token", "secret")
    ((service, item),) = key_store.items
    await key_store.delete(service, item)
    for call in (
        biometrics.get_data("token"),
        biometrics.set_data("another", "secret"),
        biometrics.is_data_saved("token"),
        biometrics.delete_data("token"),
    ):
        with pytest.raises(VaultKeyMissing):
            await call
    assert key_store.items == set()


async def test_a_clear_removes_what_nobody_can_read_any_more(
    biometrics: Biometrics, key_store: MemoryKeyStore, tmp_path: Path
) -> None:
    await biometrics.set_data("token", "secret")
    ((service, item),) = key_store.items
    await key_store.delete(service, item)
    await biometrics.clear()
    await biometrics.set_data("token", "anew")
    assert await biometrics.get_data("token") == "anew"


async def test_a_clear_removes_everything_and_the_key(
    biometrics: Biometrics, key_store: MemoryKeyStore, tmp_path: Path
) -> None:
    await biometrics.set_data("token", "secret")
    await biometrics.set_credentials("server", "anna", "secret")
    await biometrics.clear()
    left = [path.name for path in tmp_path.rglob("*") if path.is_file() and path.stat().st_size]
    assert (left, key_store.items) == ([], set())
    assert not await biometrics.is_saved("server")


async def test_what_killed_writers_left_goes_with_the_next_set(biometrics: Biometrics, tmp_path: Path) -> None:
    await biometrics.set_data("token", "secret")
    draft = tmp_path / APP / "biometrics" / "0123.draft"
    draft.write_bytes(b"half")
    await biometrics.set_data("token", "secret")
    assert not draft.exists()
