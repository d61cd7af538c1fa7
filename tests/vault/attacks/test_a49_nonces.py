"""A49: no nonce comes twice under a key: not in a million seals, not in two processes that go on from one copy."""

import shutil
import subprocess
import sys
from pathlib import Path

from ecrin.vault.format import entries
from ecrin.vault.format.entries import Kind, Plain
from ecrin.vault.format.keys import ROOM, EpochKeys
from vault.faults.sabotage import TESTS
from vault.faults.scene import file_of, opened
from vault.faults.tampering import sql

SEALS = 2**20
PLAIN = Plain("name", Kind.BYTES, b"")


def nonces(count: int) -> bytes:
    """Return the nonces of so many seals under one key, one behind the other."""
    keys = EpochKeys(bytes(64), bytes(16), 1, memoryview(bytearray(ROOM)))
    found = bytearray()
    for version in range(count):
        found += entries.seal(keys, bytes(16), bytes(32), version, PLAIN).sealed[:12]
    return bytes(found)


def test_a49_a_million_seals_in_two_processes_share_no_nonce() -> None:
    """Both begin alike, as from one copy of the file."""
    program = "import sys; from vault.attacks.test_a49_nonces import *; sys.stdout.buffer.write(nonces(SEALS // 2))"
    path = {"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    halves = [
        process.communicate()[0]
        for process in [
            subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=path) for _ in range(2)
        ]
    ]
    drawn = {half[at : at + 12] for half in halves for at in range(0, len(half), 12)}
    assert len(drawn) == SEALS


async def test_a49_two_copies_of_a_vault_that_are_written_alike_share_no_nonce(tmp_path: Path) -> None:
    async with await opened(tmp_path / "one") as vault:
        await vault.set_value("token", "zero")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    sealed = []
    for copy in ("one", "two"):
        async with await opened(tmp_path / copy) as vault:
            for number in range(50):
                await vault.set_value("token", number)
                sealed += sql(file_of(tmp_path / copy), "SELECT sealed FROM entries")
                sealed += sql(file_of(tmp_path / copy), "SELECT manifest FROM vault")
    drawn = [value[:12] for (value,) in sealed]
    assert len(set(drawn)) == len(drawn) == 200
