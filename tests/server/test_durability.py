"""A reply leaves the real server only after what it says is on disk: strace is the witness."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wire_trace
from server_process import Server, start

why_not = "strace is not installed" if shutil.which("strace") is None else ""
if not why_not and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
    why_not = "strace may not trace here"
pytestmark = pytest.mark.skipif(bool(why_not), reason=why_not)

ONE_BY_ONE, AT_ONCE = 12, 40


@pytest.fixture(scope="module")
def recorded(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path, set[str]]:
    """Two recordings of one server: requests one by one, then many at once; with the accounts of the second."""
    folder = tmp_path_factory.mktemp("traced")
    data = shutil.copytree(first_start, folder / "data")
    log = folder / "trace"
    server = start(data, under=wire_trace.strace(log))
    try:
        begin = _written(log)
        _one_by_one(server)
        middle = _written(log)
        accounts = _at_once(server)
        assert server.end() == 0
    finally:
        server.close()
    text = log.read_bytes()
    (folder / "one-by-one").write_bytes(text[begin:middle])
    (folder / "at-once").write_bytes(text[middle:])
    return folder / "one-by-one", folder / "at-once", data / "ecrin.db", accounts


def _written(log: Path) -> int:
    """Return the size of the trace, up to the end of a line: nothing is under way now."""
    text = log.read_bytes()
    return text.rfind(b"\n") + 1


def _one_by_one(server: Server) -> None:
    token = server.sign_up()["refreshToken"]
    for number in range(ONE_BY_ONE):
        server.sign_up(f"user-{number}@example.org")
        reply = server.refresh(token)
        assert reply.status_code == 200
        token = reply.json()["refresh_token"]


def _at_once(server: Server) -> set[str]:
    with ThreadPoolExecutor(8) as threads:
        return {reply["localId"] for reply in threads.map(lambda _: server.sign_up(), range(AT_ONCE))}


def test_every_acknowledged_write_was_synced_before_its_reply(recorded: tuple[Path, Path, Path, set[str]]) -> None:
    trace, database = wire_trace.calls(recorded[0]), recorded[2]
    assert len(wire_trace.replies(trace)) == 1 + 2 * ONE_BY_ONE
    assert wire_trace.unsynced(trace, database) == []


def test_every_account_was_synced_before_its_reply_while_others_were_written(
    recorded: tuple[Path, Path, Path, set[str]],
) -> None:
    trace, database, accounts = wire_trace.calls(recorded[1]), recorded[2], recorded[3]
    assert len(accounts) == AT_ONCE
    assert wire_trace.kept(trace, database) == dict.fromkeys(accounts, True)


def test_the_witness_sees_a_server_that_does_not_sync(recorded: tuple[Path, Path, Path, set[str]]) -> None:
    one_by_one, at_once, database, accounts = recorded
    alone = wire_trace.without_syncs(wire_trace.calls(one_by_one))
    together = wire_trace.without_syncs(wire_trace.calls(at_once))
    assert wire_trace.unsynced(alone, database) == wire_trace.replies(alone)
    assert wire_trace.kept(together, database) == dict.fromkeys(accounts, False)


def test_the_witness_sees_a_database_that_is_told_not_to_sync(data: Path, tmp_path: Path) -> None:
    weaker = "from ecrin.storage.sql import sqlite_connection as c; c._WRITER = ('synchronous = OFF',)"
    code = f"import runpy, sys; {weaker}; sys.argv.pop(0); runpy.run_path(sys.argv[0], run_name='__main__')"
    server = start(data, under=(*wire_trace.strace(tmp_path / "trace"), sys.executable, "-c", code))
    try:
        begin = _written(tmp_path / "trace")
        for _ in range(3):
            server.sign_up()
        server.end()
    finally:
        server.close()
    (tmp_path / "cut").write_bytes((tmp_path / "trace").read_bytes()[begin:])
    trace = wire_trace.calls(tmp_path / "cut")
    assert wire_trace.unsynced(trace, data / "ecrin.db") == wire_trace.replies(trace)
    assert len(wire_trace.replies(trace)) == 3


def test_the_witness_sees_one_sync_that_came_too_late(recorded: tuple[Path, Path, Path, set[str]]) -> None:
    trace, database = wire_trace.calls(recorded[0]), recorded[2]
    third = wire_trace.replies(trace)[2]
    syncs = [call for call in trace if call.name in wire_trace.SYNCS and call.ended < third.began]
    late = [call for call in trace if call is not syncs[-1]]
    assert wire_trace.unsynced(late, database)[0] is third
