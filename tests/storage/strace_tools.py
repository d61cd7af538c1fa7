"""strace as witness and as saboteur: what had reached the disk before an acknowledgement, and what if it cannot."""

import re
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROGRAM = Path(__file__).with_name("acked_writer.py")
TRACED = "pwrite64,write,fdatasync,fsync,ftruncate,unlink"
_CALL = re.compile(r"(?P<pid>\d+)\s+(?P<name>\w+)\((?P<fd>\d+)<(?P<file>[^>]*)>(?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+)\s+<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)")


@dataclass(frozen=True)
class Call:
    """One system call on a file: where in the trace it began and ended, and whether it worked."""

    name: str
    file: str
    text: str
    began: int
    ended: int
    worked: bool


def absent() -> str | None:
    """Say why strace cannot be used here, or None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        return "strace may not trace here"
    return None


def run(*arguments: object, inject: str | None = None, log: Path | None = None) -> list[str]:
    """Run the program under strace and return the lines it acknowledged with, also if it was killed."""
    saboteur = ["-e", f"inject={inject}"] if inject else []
    command = ["strace", "-f", "-y", "-s", "6000", "-e", f"trace={TRACED}", *saboteur, "-o", log or "/dev/null"]
    done = subprocess.run(
        [str(part) for part in (*command, sys.executable, PROGRAM, *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout.splitlines()


def numbers(lines: list[str], word: str) -> set[int]:
    """Return the rows that the lines name as `ack` or `error`."""
    return {int(line.split()[1]) for line in lines if line.startswith(f"{word} ")}


def calls(log: Path) -> list[Call]:
    """Read a trace; a call of one thread may be cut in two by another's."""
    found: list[Call] = []
    open_calls: dict[str, tuple[re.Match[str], int]] = {}
    for place, line in enumerate(log.read_text(errors="replace").splitlines()):
        if match := _CALL.match(line):
            if line.endswith("<unfinished ...>"):
                open_calls[match["pid"]] = (match, place)
            else:
                found.append(_call(match, place, place, match["rest"]))
        elif (match := _RESUMED.match(line)) and match["pid"] in open_calls:
            first, began = open_calls.pop(match["pid"])
            found.append(_call(first, began, place, match["rest"]))
    return sorted(found, key=lambda call: call.began)


def _call(match: re.Match[str], began: int, ended: int, outcome: str) -> Call:
    result = outcome.rpartition(" = ")[2]
    return Call(match["name"], match["file"], match["rest"], began, ended, not result.startswith("-1"))


def unsynced_acks(trace: list[Call], path: Path) -> set[int]:
    """Return the acknowledged rows before which some page write was not yet followed by a sync of its file.

    For rows written one after the other: nothing else may be under way.
    """
    dirty: set[str] = set()
    unsynced = set()
    for call in trace:
        if call.name in {"pwrite64", "ftruncate"} and call.file.startswith(str(path)):
            dirty.add(call.file)
        elif call.name in {"fdatasync", "fsync"} and call.worked:
            dirty.discard(call.file)
        elif (row := _acked(call)) is not None and any(not file.endswith("-shm") for file in dirty):
            unsynced.add(row)
    return unsynced


def unkept_acks(trace: list[Call], path: Path) -> set[int]:
    """Return the acknowledged rows whose own bytes were not synced between their write and the acknowledgement.

    For rows written at the same time; the bytes of a row are known by its marker.
    """
    unkept = set()
    for ack in trace:
        row = _acked(ack)
        if row is None:
            continue
        mark = f"row-{row:06}-"
        written = [call for call in trace if call.name == "pwrite64" and mark in call.text and str(path) in call.file]
        if not written or not _synced_between(trace, written[0], ack):
            unkept.add(row)
    return unkept


def _synced_between(trace: list[Call], write: Call, ack: Call) -> bool:
    return any(
        call.name in {"fdatasync", "fsync"}
        and call.worked
        and call.file == write.file
        and write.ended < call.began
        and call.ended < ack.began
        for call in trace
    )


def _acked(call: Call) -> int | None:
    match = re.match(r', "ack (\d+)\\n"', call.text) if call.name == "write" else None
    return int(match[1]) if match else None


def rows(path: Path) -> set[int]:
    """Open the database as a restart would and return the rows that are there; it must be sound."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'acked'").fetchone():
            return set()
        return {row[0] for row in connection.execute("SELECT number FROM acked")}
    finally:
        connection.close()


def versions(path: Path) -> tuple[list[int], set[str]]:
    """Return the schema versions and the tables of a database that was being migrated."""
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        known = "schema_version" in tables
        applied = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall() if known else []
        return [row[0] for row in applied], tables - {"schema_version"}
    finally:
        connection.close()
