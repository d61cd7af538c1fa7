"""Several processes share one vault: nothing acknowledged is lost, and nobody reads what was before it (F17)."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ecrin.crypto.profiles import INTERACTIVE
from vault.faults.crowd import WRITERS
from vault.faults.sabotage import TESTS
from vault.faults.scene import CONFIG, PASSCODE, device, file_of, key_store, opened

Join = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def join(tmp_path: Path) -> Iterator[Join]:
    """`join(role, number, count)` starts one process of a crowd."""
    crowd: list[subprocess.Popen[str]] = []
    path = os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))

    def start(role: str, number: int = 0, count: int = 0) -> "subprocess.Popen[str]":
        crowd.append(
            subprocess.Popen(
                [sys.executable, "-m", "vault.faults.crowd", str(tmp_path), role, str(number), str(count)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        )
        return crowd[-1]

    yield start
    for process in crowd:
        process.kill()
        process.communicate()


def begin(folder: Path, *crowd: "subprocess.Popen[str]") -> None:
    """Let a crowd begin at once."""
    for process in crowd:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            ended(process)
    (folder / "begin").touch()


def ended(process: "subprocess.Popen[str]") -> str:
    said, failed = process.communicate(timeout=120)
    assert process.returncode == 0, failed
    return said


def expected(count: int) -> set[tuple[str, int]]:
    return {(f"each-{number}-{at}", at) for number in range(WRITERS) for at in range(count)}


async def test_f17_writers_and_readers_in_many_processes_lose_nothing_and_read_nothing_old(
    tmp_path: Path, join: Join
) -> None:
    count = 200
    await (await opened(tmp_path)).close()
    crowd = [join("write", number, count) for number in range(WRITERS)] + [join("read", 0, count) for _ in range(2)]
    begin(tmp_path, *crowd)
    for process in crowd:
        ended(process)
    async with await opened(tmp_path) as vault:
        names = await vault.get_keys()
        found = {(name, await vault.get_value(name)) for name in names if name.startswith("each")}
        assert found == expected(count)
        assert await vault.get_value("shared") in [[number, count - 1] for number in range(WRITERS)]
    print(f"{WRITERS} writers, {2 * WRITERS * count} writes, 2 readers: lost 0, old 0")


async def test_f17_a_rotation_in_one_process_costs_the_writers_in_others_nothing(tmp_path: Path, join: Join) -> None:
    count = 40
    await (await opened(tmp_path)).close()
    crowd = [join("write", number, count) for number in range(WRITERS)] + [join("rotate", 0, 8), join("read", 0, count)]
    begin(tmp_path, *crowd)
    for process in crowd:
        ended(process)
    async with await opened(tmp_path) as vault:
        names = await vault.get_keys()
        assert {(n, await vault.get_value(n)) for n in names if n.startswith("each")} == expected(count)


async def test_f17_a_vault_that_is_cleared_is_gone_for_the_processes_that_read_it(tmp_path: Path, join: Join) -> None:
    async with await opened(tmp_path) as vault:
        await vault.set_value("token", "one")
        crowd = [join("watch") for _ in range(2)]
        begin(tmp_path, *crowd)
        await vault.clear("2580")
    assert ["gone" in ended(process) for process in crowd] == [True, True]
    assert (file_of(tmp_path).exists(), key_store(tmp_path).items()) == (False, [])


async def test_f17_many_processes_that_make_one_vault_at_once_make_one(tmp_path: Path, join: Join) -> None:
    crowd = [join("initialize", number) for number in range(8)]
    begin(tmp_path, *crowd)
    for process in crowd:
        ended(process)
    async with await opened(tmp_path) as vault:
        assert await vault.get_keys() == [f"by-{number}" for number in range(8)]
        assert len(key_store(tmp_path).items()) == 2  # of the one slot and the anchor: the losers took theirs back
    assert [path.name for path in file_of(tmp_path).parent.iterdir()] == ["default.ecrin-vault"]


async def test_f17_processes_that_clear_and_make_a_vault_again_and_again_never_lose_a_new_one(
    tmp_path: Path, join: Join
) -> None:
    crowd = [join("again", number, 25) for number in range(4)]
    begin(tmp_path, *crowd)
    for process in crowd:
        ended(process)
    async with await opened(tmp_path) as vault:
        await vault.wipe()
    assert key_store(tmp_path).items() == []


async def test_a48_right_passcodes_in_many_processes_at_once_are_no_failures(tmp_path: Path, join: Join) -> None:
    """Each is counted before it is tried: together they must not look like too many wrong ones, and end the vault."""
    async with device(tmp_path, profile=INTERACTIVE) as vault:  # a try lasts, so that others are counted meanwhile
        await vault.initialize(CONFIG.change(wipe_after=5), PASSCODE)
    crowd = [join("unlock") for _ in range(8)]
    begin(tmp_path, *crowd)
    assert [ended(process) for process in crowd] == ["done\n"] * 8
