"""A program that acts on vaults and is killed for it. It reads `FOLDER ACT PLACE ERRNO`, the last two for strike.c,
and forks; the child says, line by line:

    ready PID       the vault is open; it waits for somebody to write to FOLDER/go
    done | CODE     the act is done, or the error that it was refused with
    again | CODE    the next write worked, or not
    calls COUNT     how many calls that change a file it made since it was let go

and its parent `end STATUS` when it is dead. A line leaves by one write(2), as a reply leaves a server.
"""

import asyncio
import ctypes
import gc
import os
import sys
from collections.abc import Coroutine
from pathlib import Path

from ecrin.errors import EcrinError
from ecrin.vault.keeping import changing
from vault.faults.acts import ACTS, OLD, Act
from vault.faults.scene import PASSCODE, device, opened

changing.BATCH = 9  # so that a rotation has several commits


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def prepare(folder: Path) -> None:
    """Make the vault that acts begin with."""
    async with await opened(folder) as vault:
        await vault.set_values(OLD)
        await vault.add_slot("recovery")
    async with await opened(folder) as vault:
        await vault.set_value("name-0", OLD["name-0"])  # so that the anchor has moved


async def act_in(folder: Path, act: Act, place: int, error: int) -> None:
    saboteur = ctypes.CDLL(None)
    vault = device(folder) if act.fresh else await opened(folder)
    if not act.fresh:
        await vault.set_value("name-1", OLD["name-1"])  # so that the anchor is due, and the log is not empty
    go = os.open(folder / "go", os.O_RDWR)
    say(f"ready {os.getpid()}")
    os.read(go, 2)
    os.close(go)
    saboteur.strike_at(place, error)
    say(await outcome(vault, act))
    if not act.gone and not act.fresh:
        say(await again(vault))
    await vault.close()
    say(f"calls {saboteur.strike_count()}")


async def outcome(vault: "object", act: Act) -> str:
    try:
        await act.do(vault)  # type: ignore[arg-type]
    except EcrinError as error:
        return error.code
    return "done"


async def again(vault: "object") -> str:
    try:
        if await vault.is_locked():  # type: ignore[attr-defined]
            await vault.unlock(PASSCODE)  # type: ignore[attr-defined]
        await vault.set_value("again", "and again")  # type: ignore[attr-defined]
    except EcrinError as error:
        return error.code
    return "again"


def run(folder: Path, name: str, place: int, error: int) -> Coroutine[object, object, None]:
    return prepare(folder) if name == "prepare" else act_in(folder, ACTS[name], place, error)


def main() -> None:
    gc.disable()
    for line in sys.stdin:
        folder, name, place, error = line.split()
        child = os.fork()
        if child == 0:
            work = run(Path(folder), name, int(place), int(error))
            try:
                asyncio.run(work)
            except BaseException as error:  # noqa: BLE001  the parent is told
                say(f"failed {type(error).__name__} {error}")
                os._exit(1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        say(f"end {status}")


if __name__ == "__main__":
    main()
