"""Bits flipped, tails cut, junk written into the file of a vault: what is found when it is opened and read then."""

import asyncio
import random
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ecrin.errors import EcrinError
from ecrin.vault.store.file import BESIDE
from vault.faults.scene import CONFIG, PASSCODE, device, file_of, opened, values
from vault.faults.tampering import whole

HELD = {f"name-{number}": f"value-{number}" * 20 for number in range(12)}
WIPING = CONFIG.change(wipe_after=5)


async def template(folder: Path) -> bytes:
    """Make a vault with a recovery slot; return its file, whole."""
    vault = device(folder)
    await vault.initialize(WIPING, PASSCODE)
    await vault.add_slot("recovery")
    await vault.set_values(HELD)
    await vault.close()
    return whole(file_of(folder))


async def judged(folder: Path, data: bytes) -> str:
    """Put a file in a vault's place, open it and read it all; return the error's code, or "whole".

    Raises `AssertionError` for a value that is another or missing, and for an error that is not ours.
    """
    path = file_of(folder)
    for end in BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(data)
    try:
        async with await opened(folder) as vault:
            found = await values(vault)
            assert found == HELD
    except EcrinError as error:
        return error.code
    return "whole"


async def sweep(folder: Path, mutants: Iterable[tuple[object, bytes]], keys: Path) -> Counter[str]:
    """Judge mutants of a file, each with the key store as it was; say where one is neither whole nor refused."""
    figures: Counter[str] = Counter()
    for what, data in mutants:
        if not (folder / "keys").exists():
            shutil.copytree(keys, folder / "keys")
        try:
            found = await asyncio.wait_for(judged(folder, data), 30)
        except Exception as error:
            raise AssertionError(f"{what}: {type(error).__name__} {error}") from error
        if found == "VAULT_TOO_MANY_ATTEMPTS":  # it was wiped
            shutil.rmtree(folder / "keys", ignore_errors=True)
        figures[found] += 1
    return figures


def flips(data: bytes, step: int = 1, seed: int = 0) -> Iterable[tuple[object, bytes]]:
    """Yield the file with one bit of each `step`th byte flipped."""
    draw = random.Random(seed)
    for at in range(draw.randrange(step), len(data), step):
        bit = 1 << draw.randrange(8)
        yield f"byte {at} ^ {bit}", data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]


def cuts(data: bytes, step: int = 512) -> Iterable[tuple[object, bytes]]:
    """Yield the file cut at every `step` bytes."""
    for at in range(0, len(data), step):
        yield f"cut at {at}", data[:at]


def junk(data: bytes, count: int, seed: int = 0) -> Iterable[tuple[object, bytes]]:
    """Yield files with many bytes changed, pages swapped, repeated or filled, and files that are nothing at all."""
    draw = random.Random(seed)
    for number in range(count):
        mutant = bytearray(data)
        for _ in range(draw.choice((1, 2, 8, 64))):
            at, size = draw.randrange(len(mutant)), draw.choice((1, 2, 4, 16, 512))
            mutant[at : at + size] = draw.choice((draw.randbytes(size), bytes(size), b"\xff" * size))
        if number % 4 == 1:
            one, other = (4096 * draw.randrange(len(data) // 4096) for _ in range(2))
            mutant[one : one + 4096], mutant[other : other + 4096] = (
                mutant[other : other + 4096],
                mutant[one : one + 4096],
            )
        if number % 16 == 3:
            mutant = bytearray(draw.randbytes(draw.randrange(1, 9000)))
        yield f"junk {number} of seed {seed}", bytes(mutant)


def figure(what: str, figures: Counter[str]) -> str:
    """Return what came of a sweep, in one line."""
    total = sum(figures.values())
    refused = ", ".join(f"{count} {code}" for code, count in figures.most_common() if code != "whole")
    return f"{what}: {total}; refused {total - figures['whole']} ({refused}), whole {figures['whole']}, wrong 0"
