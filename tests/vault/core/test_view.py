"""What a process takes in of what others have written: all of it, and nothing twice."""

import sqlite3
from contextlib import closing

import pytest

from ecrin.vault.errors import VaultDamaged, VaultRolledBack
from ecrin.vault.model import Anchored, VaultConfig
from ecrin.vault.opened.keys import OpenKeys
from ecrin.vault.service import Vault
from vault.core.conftest import PASSCODE, Bench, Made

VALUES = {f"name-{number}": "old" for number in range(50)}


async def two_objects(bench: Bench, made: Made) -> tuple[Vault, Vault]:
    one, other = await made(), bench.vault()
    await one.set_values(VALUES)
    await other.initialize(PASSCODE)
    await other.unlock("1234")
    return one, other


def statements(vault: Vault) -> list[str]:
    """Return a list that grows with every statement of the connection that reads."""
    found: list[str] = []
    vault._keeper.there().reader.set_trace_callback(found.append)
    return found


@pytest.mark.parametrize("written", [{"name-7": "new"}, {"another": "new"}, {"name-7": "new", "another": "new"}])
async def test_what_another_object_wrote_is_read_without_the_rest(
    bench: Bench, made: Made, written: dict[str, str]
) -> None:
    one, other = await two_objects(bench, made)
    await one.set_values(written)
    seen = statements(other)
    assert {name: await other.get_value(name) for name in written} == written
    assert [text for text in seen if text.endswith("version > 0")] == []


async def test_what_another_object_removed_is_gone(bench: Bench, made: Made) -> None:
    one, other = await two_objects(bench, made)
    await one.remove_value("name-7")
    await one.set_value("name-8", "new")
    assert [await other.get_value("name-7"), await other.get_value("name-8")] == [None, "new"]


async def test_an_entry_that_was_taken_out_of_the_file_is_noticed_at_the_next_unlock(bench: Bench, made: Made) -> None:
    vault = await made()
    await vault.set_values(VALUES)
    await vault.lock()
    (path,) = (path for path in bench.files() if path.suffix == ".ecrin-vault")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM entries WHERE version = (SELECT max(version) FROM entries)")
    with pytest.raises(VaultDamaged):
        await vault.unlock("1234")


def test_closed_keys_compute_nothing_any_more() -> None:
    keys = OpenKeys.new(b"v" * 16)
    keys.id_of("a name")
    keys.close()
    with pytest.raises(TypeError, match="buffer"):  # of memory that was given back
        keys.id_of("a name")


def rows_of(
    bench: Bench, tables: tuple[str, ...] = ("vault", "slots", "entries")
) -> dict[str, list[tuple[object, ...]]]:
    (path,) = (path for path in bench.files() if path.suffix == ".ecrin-vault")
    with closing(sqlite3.connect(path)) as connection:
        return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}


def put_back(bench: Bench, kept: dict[str, list[tuple[object, ...]]]) -> None:
    """Put rows back under whoever has the file open."""
    (path,) = (path for path in bench.files() if path.suffix == ".ecrin-vault")
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, rows in kept.items():
            connection.execute(f"DELETE FROM {table}")
            for row in rows:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


async def test_a46_an_earlier_epoch_that_is_put_back_under_an_open_vault_is_no_rotation(bench: Bench) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(anchored=Anchored.NOTHING))  # it would open by itself after another's rotation
    await vault.set_value("token", "old")
    before = rows_of(bench)
    await vault.rotate()
    await vault.set_value("token", "new")
    put_back(bench, before)
    for call in (vault.get_value("token"), vault.set_value("a", "b"), vault.get_keys()):
        with pytest.raises(VaultRolledBack):
            await call


async def test_a46_a_value_of_a_copy_that_went_another_way_is_not_the_newest(bench: Bench) -> None:
    """Two copies of a file go on alone: the same version of the same name, under the same key."""
    vault = bench.vault()
    await vault.initialize(PASSCODE.change(anchored=Anchored.NOTHING), "1234")
    before = rows_of(bench)
    await vault.set_value("token", "revoked")
    (other,) = rows_of(bench, ("entries",))["entries"]
    await vault.close()
    put_back(bench, before)
    await vault.load()
    await vault.unlock("1234")
    await vault.set_value("token", "newest")
    (newest,) = rows_of(bench, ("entries",))["entries"]
    assert other[:3] == newest[:3]
    put_back(bench, {"entries": [other]})
    with pytest.raises(VaultDamaged):
        await vault.get_value("token")


async def test_keys_that_are_closed_are_not_reached_through_an_error_that_is_kept(bench: Bench, made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    held = vault._keeper.there()
    ciphers = held.open().keys.current
    await vault.lock()
    assert not hasattr(ciphers, "entries")
    assert not hasattr(ciphers, "manifest")
