"""Rotation: every value under a new key, value by value, whatever comes in between."""

import asyncio

import pytest

from ecrin.vault.errors import RotationDue, VaultFull, VaultLocked
from ecrin.vault.model import LockReason, VaultConfig
from ecrin.vault.opened import draft as drafts
from ecrin.vault.opened.draft import Draft
from ecrin.vault.service import Vault
from ecrin.vault.store import rows
from vault.core.conftest import Bench, Made

VALUES = {f"name-{number}": f"value-{number}" for number in range(1200)}  # more than two batches


async def everything(vault: Vault) -> dict[str, object]:
    return {name: await vault.get_value(name) for name in await vault.get_keys()}


def epochs(vault: Vault) -> set[int]:
    return {row.epoch for row in rows.entries_since(vault._keeper.there().reader, 0)}


async def test_after_a_rotation_every_value_is_under_the_new_key(made: Made) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    await vault.rotate()
    assert (epochs(vault), await everything(vault)) == ({2}, VALUES)
    await vault.lock()
    await vault.unlock("1234")
    assert await everything(vault) == VALUES


async def test_rotations_follow_each_other(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    for _ in range(5):
        await vault.rotate()
    assert (epochs(vault), await vault.get_value("token")) == ({6}, "s3cret")


async def test_an_empty_vault_is_rotated(made: Made) -> None:
    vault = await made()
    await vault.rotate()
    await vault.lock()
    await vault.unlock("1234")
    assert await vault.is_empty()


async def half_rotated(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Break a rotation off after its first batch, as a full disk does."""
    reseal, calls = Draft.reseal, iter((False, True))

    def once(self: Draft, limit: int) -> int:
        if next(calls):
            raise VaultFull
        return reseal(self, limit)

    monkeypatch.setattr(Draft, "reseal", once)
    with pytest.raises(VaultFull):
        await vault.rotate()
    monkeypatch.undo()
    assert epochs(vault) == {1, 2}


async def test_a_rotation_that_was_broken_off_reads_both_keys(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    await half_rotated(vault, monkeypatch)
    assert await everything(vault) == VALUES
    await vault.set_value("name-1199", "new")
    assert await vault.get_value("name-1199") == "new"


async def test_a_rotation_that_was_broken_off_goes_on_at_the_next_opening(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    await half_rotated(vault, monkeypatch)
    await vault.lock()
    await vault.unlock("1234")
    assert (epochs(vault), await everything(vault)) == ({2}, VALUES)


async def test_a_rotation_that_was_broken_off_goes_on_before_the_next(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    await half_rotated(vault, monkeypatch)
    await vault.rotate()
    assert (epochs(vault), await everything(vault)) == ({3}, VALUES)


async def test_values_are_read_and_written_while_a_rotation_goes_on(made: Made) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    rotation = asyncio.ensure_future(vault.rotate())
    written = 0
    while not rotation.done():
        assert await vault.get_value("name-7") == "value-7"
        await vault.set_value("counter", written)
        written += 1
    await rotation
    assert (await vault.get_value("counter"), epochs(vault)) == (written - 1, {2})


async def test_another_process_has_to_open_it_anew(made: Made, bench: Bench) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    other, reasons = bench.vault(), list[LockReason]()
    await other.initialize()
    await other.unlock("1234")
    other.on_lock(lambda event: reasons.append(event.reason))
    await vault.rotate()
    with pytest.raises(VaultLocked):
        await other.get_value("token")
    await other.unlock("1234")
    assert (await other.get_value("token"), reasons) == ("s3cret", [LockReason.ELSEWHERE])


async def test_another_process_whose_vault_asks_nobody_goes_on_by_itself(bench: Bench) -> None:
    one, two = bench.vault(), bench.vault()
    await one.initialize(VaultConfig())
    await two.initialize(VaultConfig())
    await one.set_value("token", "s3cret")
    await one.rotate()
    assert await two.get_value("token") == "s3cret"
    await one.rotate()
    await two.set_value("token", "new")
    assert await one.get_value("token") == "new"


async def test_a_key_that_has_sealed_enough_has_to_be_rotated(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = await made()
    await vault.set_values({"a": 1, "b": 2, "c": 3})
    monkeypatch.setattr(drafts, "MAX_SEALED", 6)
    with pytest.raises(RotationDue):
        await vault.set_values({"d": 1, "e": 2, "f": 3})
    assert await vault.get_keys() == ["a", "b", "c"]
    monkeypatch.setattr(drafts, "MAX_SEALED", 20)
    await vault.rotate()
    await vault.set_values({"d": 1, "e": 2, "f": 3})
