"""What SQLite and the system say of a vault's file, in words that help whoever has one."""

import errno
import sqlite3
from pathlib import Path

import pytest

from ecrin.vault.errors import VaultUnwritable
from ecrin.vault.store.faults import fault, told

PATH = Path("/nowhere/default.ecrin-vault")


def of_sqlite(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode, error.sqlite_errorname = getattr(sqlite3, name), name
    return error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_READONLY_DIRECTORY", "read-only"),
        ("SQLITE_READONLY", "read-only"),
        ("SQLITE_PERM", "no right"),
        ("SQLITE_CANTOPEN", "does not open for writing"),
        ("SQLITE_IOERR_WRITE", "I/O error"),
    ],
)
def test_common_faults_have_words_and_no_constant(name: str, words: str) -> None:
    said = str(fault(of_sqlite(name), PATH))
    assert words in said
    assert "SQLITE" not in said


def test_a_fault_that_is_not_common_keeps_its_constant() -> None:
    assert "SQLITE_NOLFS" in str(fault(of_sqlite("SQLITE_NOLFS"), PATH))


def test_the_systems_own_words_are_kept() -> None:
    assert "Permission denied" in str(fault(PermissionError(errno.EACCES, "Permission denied"), PATH))


@pytest.mark.parametrize("error", [of_sqlite("SQLITE_READONLY"), OSError(errno.EROFS, "Read-only file system")])
def test_the_file_is_named(error: sqlite3.Error | OSError) -> None:
    assert str(PATH) in str(fault(error, PATH))


def test_a_vault_in_memory_has_no_file_to_name() -> None:
    assert "None" not in str(fault(of_sqlite("SQLITE_IOERR"), None))


def test_a_file_that_cannot_be_written_says_that_opening_writes() -> None:
    with pytest.raises(VaultUnwritable) as refused, told(PATH):
        raise of_sqlite("SQLITE_READONLY")
    assert "Opening writes too" in refused.value.advice
