"""A50: no passcode, value or key in logs, errors, what is printed of objects, or in what an error drags behind it."""

import asyncio
import gc
import logging
import pickle
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from ecrin.errors import EcrinError
from ecrin.vault.memory import SecretRoom
from ecrin.vault.service import Vault
from vault.faults.scene import opened
from vault.faults.tampering import sql

CANARY = "canary-7f3a"
PASSCODE = f"{CANARY}-passcode"
VALUE = f"{CANARY}-value"
SURROGATE = f"{CANARY}-\ud800"


class Unsayable:
    def __repr__(self) -> str:
        return CANARY


async def _damaged(vault: Vault) -> None:
    keeper = vault._keeper.there()
    assert keeper.path is not None
    sql(keeper.path, "UPDATE entries SET sealed = zeroblob(60)")
    await vault.get_value("token")


async def _wrong_export(vault: Vault) -> None:
    await vault.import_vault(await vault.export_vault(f"{CANARY}-one", PASSCODE), f"{CANARY}-two")


FAILING: dict[str, Callable[[Vault], Awaitable[object]]] = {
    "a wrong passcode": lambda vault: vault.clear(f"{CANARY}-wrong"),
    "a passcode that is no text": lambda vault: vault.clear(SURROGATE),
    "a new passcode that is no text": lambda vault: vault.set_custom_passcode(SURROGATE),
    "a passcode that is too long": lambda vault: vault.clear(CANARY * 1000),
    "a recovery code that is none": lambda vault: relocked(vault, CANARY, "recovery"),
    "a value that is no text": lambda vault: vault.set_value("token", SURROGATE),
    "a value with a text inside that is none": lambda vault: vault.set_value("token", {"a": SURROGATE}),
    "a value that JSON cannot say": lambda vault: vault.set_value("token", {"a": [CANARY, Unsayable()]}),  # type: ignore[list-item]
    "a value that is no number": lambda vault: vault.set_value("token", [CANARY, float("nan")]),
    "a name that is no text": lambda vault: vault.set_value(SURROGATE, "x"),
    "a name that is too long": lambda vault: vault.set_value(CANARY * 1000, "x"),
    "a damaged value": _damaged,
    "another passphrase": _wrong_export,
    "an export that is none": lambda vault: vault.import_vault(CANARY.encode(), CANARY),
}


async def relocked(vault: Vault, passcode: str, slot: str) -> None:
    await vault.add_slot("recovery")
    await vault.lock()
    await vault.unlock(passcode, slot=slot)


async def made(folder: Path) -> Vault:
    vault = await opened(folder, PASSCODE)
    await vault.set_value("token", VALUE)
    return vault


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that hang behind it, also those that are not shown."""
    while error is not None:
        yield error
        yield from chain(error.__cause__)
        error = error.__context__


@pytest.mark.parametrize("what", FAILING)
async def test_a50_nothing_secret_is_in_an_error_or_behind_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    vault, heard = await made(tmp_path), list[EcrinError]()
    vault.on_error(heard.append)
    with caplog.at_level(logging.DEBUG), pytest.raises(EcrinError) as caught:
        await FAILING[what](vault)
    said = [caplog.text, "".join(traceback.format_exception(caught.value))]
    for error in (*chain(caught.value), *heard):
        said += [repr(error), str(error), repr(vars(error)), *map(repr, error.args)]
    await vault.close()
    assert not [text for text in said if CANARY in text]


async def test_a50_nothing_secret_is_printed_of_any_object_of_the_vaults(tmp_path: Path) -> None:
    vault = await made(tmp_path)
    recovery = await vault.add_slot("recovery")
    rooms = vault._keeper.there().open().keys
    secret = (rooms.key.hex(), rooms.ids.hex(), rooms.set.hex(), recovery.code)
    objects = [found for found in gc.get_objects() if str(type(found).__module__).startswith("ecrin.vault")]
    printed = " ".join(repr(found) for found in objects) + repr(vault) + repr(recovery)
    await vault.close()
    assert len(objects) > 20
    assert CANARY not in printed
    assert not [text for text in secret if text in printed]


async def test_a50_nothing_is_logged_in_the_life_of_a_vault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        asyncio.get_running_loop().set_debug(True)
        vault = await made(tmp_path)
        await vault.export_vault_unsafe(PASSCODE)
        await vault.set_custom_passcode(f"{CANARY}-another")
        await vault.clear(f"{CANARY}-another")
        await vault.close()
    assert CANARY not in caplog.text


def test_a50_a_room_for_keys_is_no_part_of_a_core_dump_and_is_not_pickled() -> None:
    room = SecretRoom(32)
    try:
        if sys.platform == "linux":
            assert room.protection.undumped
        with pytest.raises(TypeError):
            pickle.dumps(room)
    finally:
        room.close()
