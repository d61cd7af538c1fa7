"""Taking everything out and in: behind a question, sealed by a passphrase, all or nothing."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ecrin.base.encoding import b64url, canonical_json
from ecrin.crypto.profiles import CHEAPEST
from ecrin.vault.errors import InvalidExport, PasscodeMismatch, PasscodeMissing, VaultNotInitialized
from ecrin.vault.format import export
from ecrin.vault.format.export import MAGIC
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.slots.stretch import new_cost, stretch
from vault.core.conftest import PASSCODE, Bench, Made

VALUES = {"token": "s3cret", "profile": {"name": "Ada"}, "key": b"\0\1"}


async def test_an_export_is_imported_by_another_vault(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    exported = await vault.export_vault("correct horse", "1234")
    other = bench.vault()
    await other.initialize(VaultConfig(key="other"))
    await other.set_values({"token": "old", "own": "stays"})
    await other.import_vault(exported, "correct horse")
    assert {name: await other.get_value(name) for name in await other.get_keys()} == {**VALUES, "own": "stays"}


async def test_an_export_shows_nothing(made: Made) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    exported = await vault.export_vault("correct horse", "1234")
    assert b"token" not in exported
    assert b"s3cret" not in exported


async def test_an_export_asks_for_authentication(made: Made) -> None:
    vault = await made()
    with pytest.raises(PasscodeMismatch):
        await vault.export_vault("correct horse", "9999")
    with pytest.raises(PasscodeMismatch):
        await vault.export_vault_unsafe("9999")
    with pytest.raises(PasscodeMissing):
        await vault.export_vault("correct horse")
    assert sum(slot.failures for slot in await vault.slots()) == 2


async def test_a_locked_vault_is_opened_to_be_exported(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    await vault.lock()
    with pytest.raises(PasscodeMismatch):
        await vault.export_vault_unsafe("9999")
    assert await vault.is_locked()
    assert await vault.export_vault_unsafe("1234") == {"token": "s3cret"}


async def test_the_plain_export_is_a_map(made: Made) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    assert await vault.export_vault_unsafe("1234") == VALUES


@pytest.mark.parametrize("passphrase", ["another", "correct horse "])
async def test_another_passphrase_imports_nothing(made: Made, passphrase: str) -> None:
    vault = await made()
    await vault.set_value("token", "exported")
    exported = await vault.export_vault("correct horse", "1234")
    await vault.set_value("token", "newer")
    with pytest.raises(InvalidExport):
        await vault.import_vault(exported, passphrase)
    assert await vault.get_value("token") == "newer"


@pytest.mark.parametrize("passphrase", ["", b"", None])
async def test_without_a_passphrase_nobody_is_asked_to_authenticate(made: Made, passphrase: str) -> None:
    vault, asked = await made(), list[object]()
    vault.on_passcode_requested(asked.append)
    with pytest.raises(PasscodeMissing, match="passphrase"):
        await vault.export_vault(passphrase)
    with pytest.raises(PasscodeMissing, match="passphrase"):
        await vault.import_vault(b"", passphrase)
    assert asked == []


@pytest.mark.parametrize("exported", ["text", None, 5])
async def test_what_is_not_even_bytes_imports_nothing(made: Made, exported: bytes) -> None:
    vault = await made()
    with pytest.raises(InvalidExport, match="bytes"):
        await vault.import_vault(exported, "correct horse")


async def test_an_export_that_was_changed_anywhere_imports_nothing(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "exported")
    exported = await vault.export_vault("correct horse", "1234")
    await vault.remove_value("token")
    for at in range(len(exported)):
        changed = exported[:at] + bytes((exported[at] ^ 1,)) + exported[at + 1 :]
        with pytest.raises(InvalidExport):
            await vault.import_vault(changed, "correct horse")
    assert await vault.is_empty()


@pytest.mark.parametrize("data", [b"", MAGIC, MAGIC + b"{}", MAGIC + b"{}\n", MAGIC + b"[]\n" + bytes(40)])
async def test_what_is_no_export_imports_nothing(made: Made, data: bytes) -> None:
    vault = await made()
    with pytest.raises(InvalidExport):
        await vault.import_vault(data, "correct horse")


async def test_an_export_whose_values_are_no_text_imports_nothing(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    monkeypatch.setattr("ecrin.vault.format.export.b64url", len)
    exported = await vault.export_vault("correct horse", "1234")
    with pytest.raises(InvalidExport):
        await vault.import_vault(exported, "correct horse")


@pytest.mark.parametrize("member", [{"memory_kib": 2**31}, {"time_cost": 10**9}, {"parallelism": 65}])
async def test_an_export_that_asks_for_too_much_work_is_refused(made: Made, member: dict[str, int]) -> None:
    vault = await made()
    head = MAGIC + canonical_json({**new_cost(CHEAPEST), **member}) + b"\n"
    with pytest.raises(InvalidExport):
        await vault.import_vault(head + bytes(40), "correct horse")


async def test_clear_asks_for_authentication_and_leaves_nothing(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    with pytest.raises(PasscodeMismatch):
        await vault.clear("9999")
    assert await vault.get_value("token") == "s3cret"
    await vault.clear("1234")
    assert (bench.files(), bench.key_store.items) == ([], set())
    with pytest.raises(VaultNotInitialized):
        await vault.get_value("token")


async def test_clear_opens_a_locked_vault_to_authenticate(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    await vault.clear("1234")
    assert bench.files() == []


async def test_wipe_asks_nobody_and_leaves_nothing(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.lock()
    await vault.wipe()
    assert (bench.files(), bench.key_store.items) == ([], set())
    await vault.initialize(PASSCODE, "5678")


async def test_wipe_removes_what_is_no_vault(bench: Bench) -> None:
    path = bench.folder / "com.example.notes/vaults/default.ecrin-vault"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"junk" * 1000)
    await bench.vault().wipe()
    assert bench.files() == []


async def test_another_process_notices_that_the_vault_was_cleared(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    other = bench.vault()
    await other.initialize()
    await other.unlock("1234")
    await vault.clear("1234")
    with pytest.raises(VaultNotInitialized):
        await other.get_value("token")
    with pytest.raises(VaultNotInitialized):
        await other.unlock("1234")


async def test_a_vault_in_memory_is_exported_and_cleared_too(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=VaultType.IN_MEMORY))
    await vault.set_values(VALUES)
    exported = await vault.export_vault("correct horse")
    await vault.clear()
    await vault.initialize(VaultConfig(type=VaultType.IN_MEMORY))
    await vault.import_vault(exported, "correct horse")
    assert await vault.get_keys() == sorted(VALUES)


@pytest.mark.parametrize("row", [["a", 1, b64url(b"\xff")], ["a", 2, b64url(b"{")], ["a", 2, b64url(b"[" * 100_000)]])
async def test_an_export_of_values_that_are_not_of_their_kind_imports_nothing(made: Made, row: list[Any]) -> None:
    vault = await made()
    with pytest.raises(InvalidExport):
        await vault.import_vault(sealed_by_hand([row]), "correct horse")
    assert await vault.is_empty()


async def test_an_export_that_is_nested_too_deeply_imports_nothing(made: Made) -> None:
    vault = await made()
    with pytest.raises(InvalidExport):
        await vault.import_vault(sealed_by_hand(b"[" * 100_000), "correct horse")


async def test_an_export_of_more_than_there_may_be_is_refused_before_any_work(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret" * 100)
    exported = await vault.export_vault("correct horse", "1234")
    monkeypatch.setattr(export, "MAX_BYTES", len(exported) - 1)
    with pytest.raises(InvalidExport):
        await vault.import_vault(exported, "correct horse")
    with pytest.raises(InvalidExport, match="1 GiB"):
        await vault.export_vault("correct horse", "1234")


def sealed_by_hand(body: Any) -> bytes:
    """Return an export of whatever is handed over, by the right passphrase."""
    cost = new_cost(CHEAPEST)
    head, room, nonce = MAGIC + canonical_json(cost) + b"\n", bytearray(32), bytes(12)
    stretch(bytearray(b"correct horse"), cost, memoryview(room))
    return head + nonce + AESGCM(room).encrypt(nonce, body if isinstance(body, bytes) else canonical_json(body), head)
