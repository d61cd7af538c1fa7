"""A46: an old copy of the whole file is put back. Nothing in it is wrong: only the mark outside of it tells."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from ecrin.crypto.kdf import Buffer
from ecrin.vault.errors import AnchorMissing, VaultRolledBack
from ecrin.vault.keeping import anchoring
from ecrin.vault.service import Vault
from ecrin.vault.store.file import BESIDE
from vault.faults.sabotage import TESTS
from vault.faults.scene import APP, CONFIG, PASSCODE, FolderKeyStore, device, file_of, key_store, opened, read
from vault.faults.tampering import copy, put_back


async def aged(folder: Path) -> Path:
    """Return a copy of a vault's file from when "token" was "old"; it is "new" now."""
    async with await opened(folder) as vault:
        await vault.set_value("token", "old")
    copied = copy(file_of(folder), folder / "copy")
    async with await opened(folder) as vault:
        await vault.set_value("token", "new")
    return copied


async def opened_old(folder: Path) -> Vault:
    vault = device(folder)
    await vault.initialize(CONFIG)
    await vault.unlock(PASSCODE, accept_old_copy=True)
    return vault


async def test_a46_an_old_copy_of_the_whole_file_does_not_open(tmp_path: Path) -> None:
    put_back(await aged(tmp_path), file_of(tmp_path))
    with pytest.raises(VaultRolledBack):
        await opened(tmp_path)


async def test_a46_whoever_accepts_an_old_copy_has_it_and_no_older_one_after_it(tmp_path: Path) -> None:
    copied = await aged(tmp_path)
    put_back(copied, file_of(tmp_path))
    vault = await opened_old(tmp_path)
    assert await vault.get_value("token") == "old"
    await vault.set_value("token", "newest")
    await vault.close()
    async with await opened(tmp_path) as again:
        assert await again.get_value("token") == "newest"
    put_back(copied, file_of(tmp_path))
    with pytest.raises(VaultRolledBack):
        await opened(tmp_path)


async def test_a46_an_anchor_that_is_gone_is_missed_and_set_anew_by_who_knows_why(tmp_path: Path) -> None:
    await aged(tmp_path)
    [mark] = [item for item in key_store(tmp_path).items() if item.endswith("mark")]
    await key_store(tmp_path).delete(APP, mark.removeprefix(f"{APP} "))
    with pytest.raises(AnchorMissing):
        await opened(tmp_path)
    await (await opened_old(tmp_path)).close()
    async with await opened(tmp_path) as vault:
        assert await vault.get_value("token") == "new"


@pytest.fixture
def dead(tmp_path: Path) -> Path:
    """The file of a vault whose process died after a lock, before it let go of the file."""
    program = f"""
import asyncio, os, sys
from pathlib import Path
from vault.faults.scene import opened
async def main():
    vault = await opened(Path({str(tmp_path)!r}))
    await vault.set_value("token", "old")
    await vault.close()
    vault = await opened(Path({str(tmp_path)!r}))
    await vault.set_value("token", "new")
    await vault.lock()
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    path = {"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    done = subprocess.run([sys.executable, "-c", program], check=False, env=path)
    assert done.returncode == -9
    return file_of(tmp_path)


def test_a46_a_log_that_is_removed_after_a_crash_is_an_old_copy_too(tmp_path: Path, dead: Path) -> None:
    """The process died with the log beside the file; without it the file is older than its mark."""
    for end in BESIDE:
        dead.with_name(dead.name + end).unlink(missing_ok=True)
    with pytest.raises(VaultRolledBack):
        read(tmp_path)


def test_a46_a_log_that_is_cut_is_an_old_copy_too(tmp_path: Path, dead: Path) -> None:
    log = dead.with_name(dead.name + "-wal")
    whole = log.read_bytes()
    outcomes = set()
    for size in range(32, len(whole), 4096 + 24):
        for end in BESIDE:
            dead.with_name(dead.name + end).unlink(missing_ok=True)
        log.write_bytes(whole[:size])
        try:
            outcomes.add(read(tmp_path).get("token"))
        except VaultRolledBack:
            outcomes.add("rolled back")
    assert outcomes <= {"rolled back", "new"}
    assert "rolled back" in outcomes


class SlowKeyStore(FolderKeyStore):
    """Keeps a mark only once it may; says when it was asked to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked, self.may = asyncio.Event(), asyncio.Event()
        self.may.set()

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        if item.endswith("mark"):
            self.asked.set()
            await self.may.wait()
        await super().set(service, item, secret)

    async def mark(self) -> int:
        [item] = [item for item in self.items() if item.endswith("mark")]
        room = await self.get(APP, item.removeprefix(f"{APP} "))
        assert room is not None
        try:
            return int.from_bytes(room.view, "big")
        finally:
            room.close()


async def test_a46_a_change_while_the_anchor_takes_its_time_is_anchored_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.01)
    slow = SlowKeyStore(tmp_path / "keys")
    async with await opened(tmp_path, key_store=slow) as vault:
        slow.asked.clear()
        slow.may.clear()
        await vault.set_value("token", "old")
        await slow.asked.wait()
        await vault.set_value("token", "new")
        first = await slow.mark()
        slow.may.set()
        async with asyncio.timeout(10):
            while await slow.mark() < first + 2:
                await asyncio.sleep(0.01)


async def test_a46_a_lock_while_the_anchor_takes_its_time_is_anchored_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.01)
    slow = SlowKeyStore(tmp_path / "keys")
    async with await opened(tmp_path, key_store=slow) as vault:
        copied = copy(file_of(tmp_path), tmp_path / "copy")
        slow.asked.clear()
        slow.may.clear()
        await vault.set_value("token", "new")
        await slow.asked.wait()
        locking = asyncio.ensure_future(vault.lock())
        await asyncio.sleep(0.02)
        slow.may.set()
        await locking
    put_back(copied, file_of(tmp_path))
    with pytest.raises(VaultRolledBack):
        await opened(tmp_path)
