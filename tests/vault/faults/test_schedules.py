"""One process, many tasks: sets, gets, rotations, locks and cancellations come between each other as they may.

What is acknowledged stays; nothing waits for ever; after a lock no key is left.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from ecrin.vault.device.errors import SystemCanceled
from ecrin.vault.errors import VaultLocked
from ecrin.vault.service import Vault
from vault.faults.scene import CONFIG, PASSCODE, device, opened, values

QUIET = CONFIG.change(lock_after_idle_ms=3_600_000)


async def cancelled(work: Awaitable[object], after: int) -> None:
    """Begin something and cancel it after so many steps of the loop."""
    task = asyncio.ensure_future(work)
    for _ in range(after):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 13, 21])
async def test_a_write_that_was_cancelled_costs_a_rotation_after_it_nothing(tmp_path: Path, after: int) -> None:
    """The rotation must not go by what was known before that write: it would forget the key it still needs."""
    async with await opened(tmp_path) as vault:
        await vault.set_values({"one": 1, "two": 2})
        await cancelled(vault.set_value("three", 3), after)
        await vault.rotate()
        await vault.set_value("four", 4)
        assert (await values(vault)).items() >= {"one": 1, "two": 2, "four": 4}.items()
    async with await opened(tmp_path) as vault:
        assert (await values(vault)).items() >= {"one": 1, "two": 2, "four": 4}.items()


async def test_a_write_of_another_process_costs_a_rotation_after_it_nothing(tmp_path: Path) -> None:
    async with await opened(tmp_path) as vault, await opened(tmp_path) as other:
        await vault.set_value("one", 1)
        await other.set_value("two", 2)
        await vault.rotate()
        await vault.set_value("three", 3)
    async with await opened(tmp_path) as vault:
        assert await values(vault) == {"one": 1, "two": 2, "three": 3}


@pytest.mark.parametrize("after", range(1, 24, 2))
async def test_a_rotation_that_was_cancelled_is_gone_on_from(
    tmp_path: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecrin.vault.keeping.changing.BATCH", 2)
    held = {f"name-{number}": number for number in range(9)}
    async with await opened(tmp_path) as vault:
        await vault.set_values(held)
        await cancelled(vault.rotate(), after)
        if await vault.is_locked():
            await vault.unlock(PASSCODE)
        try:
            await asyncio.wait_for(vault.rotate(), 30)
        except VaultLocked:
            await vault.unlock(PASSCODE)
            await asyncio.wait_for(vault.rotate(), 30)
        assert await values(vault) == held
    async with await opened(tmp_path) as vault:
        assert await values(vault) == held


CHANGES: dict[str, Callable[[Vault], Awaitable[object]]] = {
    "a slot is added": lambda vault: vault.add_slot("recovery"),
    "the passcode is replaced": lambda vault: vault.set_custom_passcode("1470"),
    "the key is rotated": lambda vault: vault.rotate(),
    "the configuration is changed": lambda vault: vault.update_config(QUIET),
    "all is listed": lambda vault: vault.get_keys(),
    "all is exported": lambda vault: vault.export_vault_unsafe(PASSCODE),
    "a value is read": lambda vault: vault.get_value("token"),
    "a value is written": lambda vault: vault.set_value("token", "two"),
}


@pytest.mark.parametrize("change", [change for change in CHANGES if change != "all is exported"])  # that asks anew
async def test_a_vault_whose_key_another_process_rotated_is_locked_when(tmp_path: Path, change: str) -> None:
    async with await opened(tmp_path) as vault, await opened(tmp_path) as other:
        await vault.set_value("token", "one")
        await other.rotate()
        with pytest.raises(VaultLocked):
            await CHANGES[change](vault)
        await vault.unlock(PASSCODE)
        await CHANGES[change](vault)


@pytest.mark.parametrize("change", CHANGES)
async def test_every_verb_may_come_between_the_steps_of_a_rotation(tmp_path: Path, change: str) -> None:
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "one")
        for after in range(12):
            rotating = asyncio.ensure_future(vault.rotate())
            for _ in range(after):
                await asyncio.sleep(0)
            await asyncio.gather(rotating, CHANGES[change](vault), CHANGES[change](vault))


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_schedule_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    acknowledged: dict[str, int] = {}
    possible: dict[str, set[int]] = {}
    vault = device(tmp_path)
    await vault.initialize(CONFIG, PASSCODE)

    async def write(name: str, number: int) -> None:
        possible.setdefault(name, set()).add(number)
        await vault.set_value(name, number)
        acknowledged[name] = number
        possible[name] = {n for n in possible[name] if n >= number}

    async def check(name: str) -> None:
        least = acknowledged.get(name, -1)
        found = await vault.get_value(name)
        assert found is None or isinstance(found, int)
        assert (-1 if found is None else found) >= least, (name, found, least)

    async def one(number: int) -> None:
        name = f"name-{draw.randrange(4)}"
        verbs: list[Callable[[], Awaitable[object]]] = [
            *[lambda: write(name, number)] * 6,
            *[lambda: check(name)] * 6,
            lambda: vault.lock(),
            *[lambda: vault.unlock(PASSCODE)] * 4,
            lambda: vault.rotate(),
            lambda: vault.update_config(draw.choice((CONFIG, QUIET))),
            lambda: vault.get_keys(),
            lambda: vault.export_vault_unsafe(PASSCODE),
        ]
        work = asyncio.ensure_future(draw.choice(verbs)())
        if draw.random() < 0.3:
            for _ in range(draw.randrange(12)):
                await asyncio.sleep(0)
            work.cancel()
        try:
            await work
        except (VaultLocked, SystemCanceled, asyncio.CancelledError):
            return

    for block in range(30):
        await asyncio.wait_for(asyncio.gather(*(one(block * 8 + number) for number in range(8))), 60)
    await vault.close()
    async with await opened(tmp_path) as vault:
        found = await values(vault)
    for name, number in acknowledged.items():
        assert found[name] in possible[name] | {number}, (name, found[name], number)
