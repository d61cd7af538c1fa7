"""An older copy of the file is noticed, back to the last time that the vault told its anchor."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ecrin.crypto.kdf import Buffer
from ecrin.vault.anchors import callback
from ecrin.vault.anchors.callback import CallbackAnchor
from ecrin.vault.anchors.keystore import KeyStoreAnchor
from ecrin.vault.device.errors import ChipUnavailable, DeviceError, KeyStoreUnavailable
from ecrin.vault.errors import AnchorMissing, InvalidConfig, VaultRolledBack
from ecrin.vault.keeping import anchoring
from ecrin.vault.model import Anchored, Bound, VaultConfig
from ecrin.vault.service import Vault
from vault.core.conftest import APP, PASSCODE, Bench, Made


class Copy:
    """A copy of all files of a device, to be put back."""

    def __init__(self, bench: Bench, to: Path) -> None:
        self._folder, self._copy = bench.folder, to
        shutil.copytree(self._folder, to)

    def put_back(self) -> None:
        shutil.rmtree(self._folder)
        shutil.copytree(self._copy, self._folder)


async def reopened(bench: Bench, **flags: bool) -> Vault:
    vault = bench.vault()
    await vault.initialize()
    await vault.unlock("1234", **flags)
    return vault


async def old_copy(made: Made, bench: Bench, to: Path) -> Copy:
    """Leave a vault with a new value, and a copy of it with an old one."""
    vault = await made()
    await vault.set_value("token", "old")
    await vault.close()
    copy = Copy(bench, to)
    vault = await reopened(bench)
    await vault.set_value("token", "new")
    await vault.close()
    return copy


async def test_a46_an_older_copy_put_back_is_noticed(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = await old_copy(made, bench, tmp_path_factory.mktemp("copies") / "one")
    copy.put_back()
    with pytest.raises(VaultRolledBack):
        await reopened(bench)


async def test_an_older_copy_opens_for_who_says_so_and_is_the_newest_then(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = await old_copy(made, bench, tmp_path_factory.mktemp("copies") / "one")
    copy.put_back()
    vault = await reopened(bench, accept_old_copy=True)
    assert await vault.get_value("token") == "old"
    await vault.close()
    assert await (await reopened(bench)).get_value("token") == "old"


async def test_an_anchor_that_is_gone_is_noticed_and_can_be_made_anew(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.close()
    for service, item in set(bench.key_store.items):
        if item.endswith("mark"):
            await bench.key_store.delete(service, item)
    with pytest.raises(AnchorMissing):
        await reopened(bench)
    vault = await reopened(bench, accept_old_copy=True)
    await vault.set_value("token", "s3cret")
    await vault.close()
    assert await (await reopened(bench)).get_value("token") == "s3cret"


async def test_a_change_is_anchored_a_moment_later(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.0)
    vault = await made()
    await vault.set_value("token", "old")
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    before = await mark(bench)
    await vault.set_value("token", "new")
    for _ in range(1000):
        if await mark(bench) > before:
            break
        await asyncio.sleep(0.001)
    copy.put_back()
    with pytest.raises(VaultRolledBack):
        await reopened(bench)


async def mark(bench: Bench) -> int:
    service, item = next(pair for pair in bench.key_store.items if pair[1].endswith("mark"))
    room = await bench.key_store.get(service, item)
    assert room is not None
    return int.from_bytes(room.view, "big")


async def test_an_anchoring_that_was_broken_off_is_ended(made: Made, bench: Bench) -> None:
    """The file is a mark ahead, as after a kill between the two steps."""
    vault = await made()
    await vault.set_value("token", "s3cret")
    await vault._keeper.there().write_mark()
    ahead = vault._keeper.there().open().view.manifest.mark
    await vault._keeper.there().shut()
    assert await mark(bench) == ahead - 1
    again = await reopened(bench)
    assert (await again.get_value("token"), await mark(bench)) == ("s3cret", ahead)


async def test_the_app_can_keep_the_anchor(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    marks: dict[str, int] = {}

    async def read(vault_id: str) -> int | None:
        return marks.get(vault_id)

    async def advance(vault_id: str, mark: int) -> None:
        marks[vault_id] = max(mark, marks.get(vault_id, 0))

    vault = bench.vault(anchor=CallbackAnchor(read, advance))
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    await vault.set_value("token", "s3cret")
    await vault.close()
    copy.put_back()
    again = bench.vault(anchor=CallbackAnchor(read, advance))
    await again.initialize()
    with pytest.raises(VaultRolledBack):
        await again.unlock("1234")


async def test_an_anchor_of_the_apps_has_to_be_handed_over(bench: Bench) -> None:
    with pytest.raises(InvalidConfig):
        await bench.vault().initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    assert bench.files() == []


async def test_a_device_without_the_part_is_told_and_nothing_weaker_is_used(bench: Bench) -> None:
    with pytest.raises(ChipUnavailable):
        await bench.vault().initialize(PASSCODE.change(anchored=Anchored.CHIP), "1234")
    bench.key_store.available = False
    with pytest.raises(KeyStoreUnavailable):
        await bench.vault().initialize(VaultConfig())
    assert bench.files() == []


async def test_who_names_no_anchor_gets_none(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = await made(PASSCODE.change(anchored=Anchored.NOTHING))
    await vault.set_value("token", "old")
    await vault.close()
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    vault = await reopened(bench)
    await vault.set_value("token", "new")
    await vault.close()
    copy.put_back()
    vault = await reopened(bench)
    assert (await vault.get_value("token"), (await vault.protection()).anchored) == ("old", Anchored.NOTHING)


async def test_the_anchor_is_changed_by_configuration(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    vault = await made(PASSCODE.change(anchored=Anchored.NOTHING))
    await vault.update_config(vault.config.change(anchored=Anchored.KEY_STORE))
    copy = Copy(bench, tmp_path_factory.mktemp("copies") / "one")
    await vault.set_value("token", "new")
    await vault.close()
    copy.put_back()
    with pytest.raises(VaultRolledBack):
        await reopened(bench)


async def test_protection_does_not_claim_an_anchor_that_is_out_of_reach(made: Made, bench: Bench) -> None:
    vault = await made(PASSCODE.change(bound=Bound.NOTHING))
    before = (await vault.protection()).anchored
    await vault.lock()
    bench.key_store.available = False
    await vault.unlock("1234", accept_old_copy=True)
    assert (before, (await vault.protection()).anchored) == (Anchored.KEY_STORE, Anchored.NOTHING)


async def test_protection_does_not_claim_an_anchor_that_has_stopped_to_follow(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.0)
    vault, told = await made(), asyncio.Event()
    vault.on_error(lambda _: told.set())
    bench.key_store.available = False
    await vault.set_value("token", "s3cret")
    await told.wait()
    assert (await vault.protection()).anchored is Anchored.NOTHING


@pytest.mark.parametrize("answer", ["5", b"5", -1, True, 1.5, 2**63])
async def test_an_answer_of_the_app_that_is_no_mark_is_refused(answer: object) -> None:
    async def read(_: str) -> Any:
        return answer

    async def advance(_: str, __: int) -> None:
        return

    with pytest.raises(DeviceError, match="no mark"):
        await CallbackAnchor(read, advance).read("com.example.notes", bytes(16), {})


async def test_a46_a_mark_that_no_vault_reaches_is_none(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.close()
    (item,) = (item for _, item in bench.key_store.items if item.endswith("mark"))
    await bench.key_store.set(APP, item, b"\xff" * 8)
    with pytest.raises(AnchorMissing):
        await reopened(bench)


async def test_an_anchor_of_the_apps_that_hangs_holds_nobody_up_for_ever(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback, "REPLY_S", 0.01)
    hangs = False

    async def read(_: str) -> int:
        return 0

    async def advance(_: str, __: int) -> None:
        if hangs:
            await asyncio.Event().wait()

    vault, told = bench.vault(anchor=CallbackAnchor(read, advance)), list[str]()
    vault.on_error(lambda error: told.append(str(error)))
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    await vault.set_value("token", "s3cret")
    hangs = True
    await vault.lock()
    hangs = False
    await vault.unlock("1234")
    assert "has not answered" in told[0]


class Server:
    """An app's server that keeps marks; `hook` is what it does before it keeps the next one."""

    def __init__(self) -> None:
        self.marks: dict[str, int] = {}
        self.hook: Callable[[], Awaitable[object]] | None = None

    async def read(self, vault_id: str) -> int | None:
        return self.marks.get(vault_id)

    async def advance(self, vault_id: str, mark: int) -> None:
        hook, self.hook = self.hook, None
        if hook is not None:
            await hook()
        self.marks[vault_id] = max(mark, self.marks.get(vault_id, 0))


@pytest.mark.parametrize("verb", ["lock", "close", "wipe"])
async def test_an_anchor_of_the_apps_that_ends_the_vault_holds_nobody_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """As an app may whose server answers that the session was revoked."""
    for module, name in ((callback, "REPLY_S"), (anchoring, "AFTER_SECONDS"), (anchoring, "STOPS_WITHIN")):
        monkeypatch.setattr(module, name, 0.02)
    server, locked = Server(), asyncio.Event()
    vault = bench.vault(anchor=CallbackAnchor(server.read, server.advance))
    await vault.initialize(PASSCODE.change(anchored=Anchored.APP), "1234")
    vault.on_lock(lambda _: locked.set())
    server.hook = getattr(vault, verb)
    await vault.set_value("token", "s3cret")
    async with asyncio.timeout(10):
        await locked.wait()
        await vault.close()


async def test_a46_a_write_while_the_anchor_is_changed_is_anchored_in_the_new_one(
    made: Made, bench: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchoring, "AFTER_SECONDS", 0.0)
    server, copies, remove = Server(), list[Copy](), KeyStoreAnchor.remove
    vault = bench.vault(anchor=CallbackAnchor(server.read, server.advance))
    await vault.initialize(PASSCODE, "1234")

    async def slow(*mark: Any) -> None:
        copies.append(Copy(bench, tmp_path_factory.mktemp("copies") / "one"))
        await vault.set_value("token", "newer")
        await asyncio.sleep(0.05)  # the old one hears of it, and is gone then
        await remove(*mark)

    monkeypatch.setattr(KeyStoreAnchor, "remove", slow)
    await vault.update_config(PASSCODE.change(anchored=Anchored.APP))
    await vault.close()
    copies[0].put_back()
    await vault.initialize(PASSCODE)
    with pytest.raises(VaultRolledBack):
        await vault.unlock("1234")


async def test_an_anchor_whose_making_is_broken_off_is_not_taken_from_another_process(
    made: Made, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault, other, keep = await made(PASSCODE.change(anchored=Anchored.NOTHING)), bench.vault(), bench.key_store.set
    await other.initialize(PASSCODE)
    await other.unlock("1234")
    between = asyncio.Event()

    async def slow(app: str, item: str, secret: Buffer) -> None:
        if item.endswith("mark") and not between.is_set():
            between.set()
            await other.update_config(PASSCODE)
            await other.lock()
            raise KeyStoreUnavailable
        await keep(app, item, secret)

    monkeypatch.setattr(bench.key_store, "set", slow)
    with pytest.raises(KeyStoreUnavailable):
        await vault.update_config(PASSCODE)
    await other.unlock("1234")
    assert not await other.is_locked()
