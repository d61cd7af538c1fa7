"""The faults of a whole server, many times over: killed under load, killed while it starts, refused by its disk.

The few of `tests/server`, in full. Figures are printed: survived of injected, acknowledged writes lost.
"""

import itertools
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import crash_load
import wire_trace
from server_process import ECRIN, Server, environment, start, started

KILLS = 120
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
USERS = "/identitytoolkit.googleapis.com/v1/projects/default/accounts"


def test_f1_killed_under_load_nothing_acknowledged_is_lost_and_every_session_goes_on(data: Path) -> None:
    draw = random.Random(20261122)
    journal = crash_load.sweep(data, KILLS, lambda: draw.uniform(0.02, 0.6))
    print(journal.figures())
    assert (journal.kills, journal.lost) == (KILLS, 0)
    assert journal.recovered == journal.replies_lost > 0


@needs_strace
def test_f14_a_first_start_killed_at_every_step_is_followed_by_one_that_works(tmp_path: Path) -> None:
    calls = "fdatasync,fsync,pwrite64,rename,mkdir,chmod,bind"
    survived = 0
    for place in itertools.count(1, 2):
        data = tmp_path / f"at-{place}" / "data"
        if not killed_while_starting(data, f"{calls}:signal=KILL:when={place}"):
            break
        with started(data) as server:
            assert server.sign_up()["idToken"]
            if (data / "operator-token").exists():  # a crash between making and writing it takes `operator recover`
                assert server.admin("GET", "/api/v1/projects").status_code == 200
            assert server.end() == 0
        survived += 1
    print(f"first start killed: survived {survived} of {survived}")
    assert survived > 20


def killed_while_starting(data: Path, fault: str) -> bool:
    """Start under a fault; tell whether it struck before the server said that it answers."""
    data.parent.mkdir(parents=True)
    command = [*wire_trace.strace(data.with_name("trace"), fault), ECRIN, "serve", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        answered = bool(process.stdout.readline())
        process.kill()
    return not answered


def steps() -> Iterator[int]:
    """The calls at which the disk fails: each of the first, then ever fewer."""
    yield from range(1, 12)
    yield from range(12, 60, 6)


@needs_strace
@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_f3_f4_a_disk_that_fails_once_is_never_acknowledged_and_the_server_goes_on(
    first_start: Path, tmp_path: Path, call: str, error: str
) -> None:
    survived = refused = 0
    for after in steps():
        data = shutil.copytree(first_start, tmp_path / f"after-{after}")
        trace = tmp_path / f"trace-{after}"
        server = start(
            data,
            under=wire_trace.strace(
                trace, f"{call}:error={error}:when={before_answering(tmp_path, first_start, call) + after}"
            ),
        )
        try:
            made = {f"user-{n}": create(server, f"user-{n}") for n in range(20)}
            assert server.http.get("/readyz").status_code == 200
            assert server.end() == 0
        finally:
            server.close()
        with started(data) as again:
            there = {uid for uid in made if found(again, uid)}
            again.end()
        assert there == {uid for uid, status in made.items() if status == 200}, trace
        assert set(made.values()) <= {200, 503}
        assert list(made.values())[-1] == 200
        refused += 503 in made.values()
        survived += 1
    print(
        f"{error} at {call}: survived {survived} of {survived}, {refused} times a client was told; acknowledged lost: 0"
    )
    assert refused > 3


_KNOWN: dict[str, int] = {}


def before_answering(folder: Path, first_start: Path, call: str) -> int:
    """Return how many such calls a start makes before the server answers."""
    if call not in _KNOWN:
        trace = folder / "start"
        server = start(shutil.copytree(first_start, folder / "start-data"), under=wire_trace.strace(trace))
        _KNOWN[call] = len([c for c in wire_trace.calls(trace) if c.name == call])
        server.close()
    return _KNOWN[call]


def create(server: Server, uid: str) -> int:
    return server.admin("POST", USERS, {"localId": uid}).status_code


def found(server: Server, uid: str) -> bool:
    reply = server.admin("POST", f"{USERS}:lookup", {"localId": [uid]})
    assert reply.status_code == 200, reply.text
    return "users" in reply.json()
