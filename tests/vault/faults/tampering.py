"""A hand in the file of a vault: rows read and written by SQL, as anybody can who has the file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ecrin.vault.store.file import BESIDE


def sql(path: Path, *statements: str, **named: Any) -> list[tuple[Any, ...]]:
    """Run statements in one transaction; return the rows of the last one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            used = {name: value for name, value in named.items() if f":{name}" in statement}
            rows = connection.execute(statement, used).fetchall()
        connection.execute("COMMIT")
    return rows


def whole(path: Path) -> bytes:
    """Let the file hold everything, without a log beside it, and return it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return path.read_bytes()


def copy(path: Path, to: Path) -> Path:
    """Copy the file of a vault and what lies beside it, as a backup does."""
    to.mkdir(parents=True, exist_ok=True)
    for end in ("", *BESIDE):
        if (found := path.with_name(path.name + end)).exists():
            shutil.copy(found, to / found.name)
    return to / path.name


def put_back(copied: Path, path: Path) -> None:
    """Put a copy in the place of a vault."""
    for end in ("", *BESIDE):
        path.with_name(path.name + end).unlink(missing_ok=True)
        if (found := copied.with_name(copied.name + end)).exists():
            shutil.copy(found, path.with_name(path.name + end))
