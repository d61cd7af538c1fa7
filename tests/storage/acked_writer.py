"""A program that writes and says so: run under strace by the durability tests.

    acked_writer.py PATH write COUNT TOGETHER [SYNCHRONOUS]   `ready`, `ack N` or `error N CODE` per row, `closed`
    acked_writer.py PATH migrate COUNT                        `applied [1, 2, ...]`, `closed`

A line leaves by one write(2) on file descriptor 1, as a reply leaves a server. `TOGETHER` rows wait at the same time.
"""

import asyncio
import os
import sys
from pathlib import Path

from ecrin.errors import EcrinError
from ecrin.storage.sql import sqlite_connection
from ecrin.storage.sql.port import Database, Migration, Tx
from ecrin.storage.sql.sqlite import SqliteDatabase

ROWS = Migration(1, "rows", "CREATE TABLE acked (number BIGINT PRIMARY KEY, marker TEXT NOT NULL);")


def migrations(count: int) -> list[Migration]:
    """Return migrations that each make two tables and fill the first."""
    sql = """CREATE TABLE left_{0} (a BIGINT); INSERT INTO left_{0} (a) VALUES (1); CREATE TABLE right_{0} (a TEXT);"""
    return [Migration(number, f"m{number}", sql.format(number)) for number in range(1, count + 1)]


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def put(database: Database, number: int) -> None:
    async def unit(tx: Tx) -> None:
        sql = "INSERT INTO acked (number, marker) VALUES (:number, :marker)"
        await tx.run(sql, number=number, marker=f"row-{number:06}-")

    try:
        await database.write(unit)
    except EcrinError as error:
        say(f"error {number} {error.code}")
    else:
        say(f"ack {number}")


async def write(path: Path, count: int, together: int) -> None:
    database = await SqliteDatabase.open(path, migrations=[ROWS])
    await database.migrate()
    say("ready")
    for first in range(0, count, together):
        await asyncio.gather(*(put(database, number) for number in range(first, first + together)))
    await database.close()
    say("closed")


async def migrate(path: Path, count: int) -> None:
    database = await SqliteDatabase.open(path, migrations=migrations(count))
    say(f"applied {await database.migrate()}")
    await database.close()
    say("closed")


if __name__ == "__main__":
    place, verb, number_of = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    if len(sys.argv) > 5:  # the weaker setting that the oracle must catch
        sqlite_connection._WRITER = (f"synchronous = {sys.argv[5]}",)
    asyncio.run(migrate(place, number_of) if verb == "migrate" else write(place, number_of, int(sys.argv[4])))
