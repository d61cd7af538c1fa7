"""The schema's versions: numbered migrations, each applied with its version row in one transaction.

A migration is a file `migrations/NNNN_name.sql` of plain statements that both engines understand, with the column types
BIGINT, TEXT and BYTEA. They are numbered without a gap and never change once they are released.
"""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from importlib.resources import files

from ecrin.base.clock import Clock
from ecrin.errors import ConfigurationError, DatabaseNewer
from ecrin.storage.sql.port import Migration, Tx, Unit

_FILE = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_TABLE = "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT, applied_at BIGINT)"

Write = Callable[[Unit[int | None]], Awaitable[int | None]]


def shipped(package: str = "ecrin.storage.sql") -> tuple[Migration, ...]:
    """Return the migrations of this release, in order; `package` is the one whose folder `migrations` holds them."""
    folder = files(package).joinpath("migrations")
    named = ((_FILE.fullmatch(entry.name), entry) for entry in folder.iterdir())
    found = [Migration(int(match[1]), match[2], entry.read_text("utf-8")) for match, entry in named if match]
    return tuple(sorted(found, key=lambda migration: migration.number))


def missing(migrations: Sequence[Migration], applied: Sequence[tuple[int, str]]) -> list[Migration]:
    """Return the migrations that a database with these versions applied still lacks.

    Raises `ConfigurationError` if the migrations are not numbered 1, 2, 3, ... or the database applied others than
    these, and `DatabaseNewer` if it knows one that comes after them.
    """
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ConfigurationError("The migrations of this release are not numbered 1, 2, 3, ...")
    if applied and applied[-1][0] > len(migrations):
        raise DatabaseNewer(
            f"The database is at schema version {applied[-1][0]}; this version of ecrin knows {len(migrations)}."
        )
    known = [(migration.number, migration.name) for migration in migrations]
    if list(applied) != known[: len(applied)]:
        raise ConfigurationError(
            "The schema versions that the database has applied are not those of this release.",
            hint="Use the release that wrote this database, or restore a backup.",
        )
    return list(migrations[len(applied) :])


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a migration one by one; semicolons in strings, comments and triggers do not end one.

    Raises `ConfigurationError` if the text does not end with a semicolon (comments aside).
    """
    statement = ""
    for part in sql.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    rest = statement + sql.rsplit(";", 1)[-1]
    if any(line.strip() and not line.strip().startswith("--") for line in rest.splitlines()):
        raise ConfigurationError("A migration does not end with a complete statement.")


async def last_applied(tx: Tx, find_table: str) -> int:
    """Return the number of the last migration applied, 0 for none; `find_table` is how an engine looks for a table."""
    if await tx.one(find_table, name="schema_version") is None:
        return 0
    row = await tx.one("SELECT MAX(version) AS version FROM schema_version")
    return (row["version"] if row else None) or 0


async def apply_missing(write: Write, migrations: Sequence[Migration], clock: Clock) -> list[int]:
    """Apply what is missing, each migration in a transaction of its own, and return the numbers.

    The transaction that applies a migration reads first what is applied, so several processes may do this at once.
    """

    async def unit(tx: Tx) -> int | None:
        return await _apply_next(tx, migrations, clock.now())

    numbers: list[int] = []
    while (number := await write(unit)) is not None:
        numbers.append(number)
    return numbers


async def _apply_next(tx: Tx, migrations: Sequence[Migration], now: int) -> int | None:
    await tx.run(_TABLE)
    rows = await tx.all("SELECT version, name FROM schema_version ORDER BY version")
    lacking = missing(migrations, [(row["version"], row["name"]) for row in rows])
    if not lacking:
        return None
    for statement in statements(lacking[0].sql):
        await tx.run(statement)
    await tx.run(
        "INSERT INTO schema_version (version, name, applied_at) VALUES (:version, :name, :now)",
        version=lacking[0].number,
        name=lacking[0].name,
        now=now,
    )
    return lacking[0].number
