"""ECRIN_DATABASE_URL: which addresses are understood, and what is said of those that are not."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecrin.errors import ConfigurationError, StorageError, StorageUnavailable
from ecrin.storage.sql.connect import open_database


async def test_an_absolute_sqlite_address_names_a_file(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/a%20b.db")
    await database.close()
    assert (tmp_path / "a b.db").exists()


async def test_a_relative_sqlite_address_starts_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = await open_database("sqlite:///here.db")
    monkeypatch.chdir("/")
    await database.migrate()
    await database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["here.db"]


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/ecrin.db")
    await database.migrate()
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()}
    await database.close()
    assert modes == {"ecrin.db": "0o600", "ecrin.db-wal": "0o600", "ecrin.db-shm": "0o600"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ecrin.db",
        "/var/ecrin.db",
        "mysql://u:canary@h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite://host/a.db",
        "sqlite:///:memory:",
        "sqlite:///a.db?mode=ro",
        "postgresql://u:canary@h:port/d",
    ],
)
async def test_other_addresses_are_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await open_database(url)
    assert "canary" not in str(caught.value)


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere/ecrin\.db: the folder does not exist"):
        await open_database(f"sqlite:///{tmp_path}/nowhere/ecrin.db")


async def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="this is a folder"):
        await open_database(f"sqlite:///{tmp_path}")


async def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    pytest.importorskip("asyncpg")
    with pytest.raises(StorageUnavailable, match=r"127\.0\.0\.1:1/name") as caught:
        await open_database("postgresql://user:canary@127.0.0.1:1/name")
    assert "canary" not in f"{caught.value} {caught.value!r}"
    assert caught.value.__suppress_context__


def test_without_the_driver_the_command_that_installs_it_is_named() -> None:
    program = """
import asyncio, sys
sys.modules["asyncpg"] = None
from ecrin.errors import MissingExtra
from ecrin.storage.sql.connect import open_database
try:
    asyncio.run(open_database("postgresql://localhost/x"))
except MissingExtra as error:
    print(error.advice)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told == "Install it with: pip install 'ecrin[postgres]'\n"


def test_sqlite_does_without_the_postgresql_driver() -> None:
    program = "import sys, ecrin.storage.sql.connect, ecrin.storage.sql.sqlite; print('asyncpg' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told == "False\n"
