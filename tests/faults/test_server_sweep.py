"""The faults of a whole server, many times over: killed under load, killed while it starts, refused by its disk.

The few of `tests/server`, in full. Figures are printed: survived of injected, acknowledged writes lost.
"""

import random
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import crash_load
import wire_trace
from server_process import ECRIN, STARTS_WITHIN, Server, environment, start, started
from vault.faults.sabotage import CHANGING, absent, cannot_strike, changing, striking

KILLS = 120
EVERY = 7  # an odd number: the header of a page and the page take turns in a log
why_not = cannot_strike() or absent()
needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
USERS = "/identitytoolkit.googleapis.com/v1/projects/default/accounts"
STRIKABLE = """
import ctypes, runpy, sys, threading

@ctypes.CFUNCTYPE(None)
def tell():  # each database has threads of its own, of the same names
    struck = threading.current_thread()
    alike = [thread for thread in threading.enumerate() if thread.name == struck.name]
    print("struck", struck.name, alike.index(struck) + 1, file=sys.stderr, flush=True)

library = ctypes.CDLL(None)
library.strike_tells(tell)
library.strike_at(int(sys.argv[1]), 0)
sys.argv = sys.argv[2:]
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
finally:
    print("met", library.strike_count(), file=sys.stderr)
"""


def test_f1_killed_under_load_nothing_acknowledged_is_lost_and_every_session_goes_on(data: Path) -> None:
    draw = random.Random(20261122)
    journal = crash_load.sweep(data, KILLS, lambda: draw.uniform(0.02, 0.6))
    print(journal.figures())
    assert (journal.kills, journal.lost) == (KILLS, 0)
    assert journal.recovered == journal.replies_lost > 0


@pytest.mark.skipif(why_not is not None, reason=str(why_not))
def test_f14_a_first_start_killed_at_many_of_its_steps_is_followed_by_one_that_works(tmp_path: Path) -> None:
    """The steps: every call that changes a file, whichever thread's, but of a database's many writes every 7th."""
    library = striking(tmp_path)["LD_PRELOAD"]
    calls = made_by_a_first_start(tmp_path / "unharmed" / "data", library)
    writes = [place for place, call in enumerate(calls, 1) if "pwrite64(" in call]
    places = sorted({*range(1, len(calls) + 1)} - {*writes} | {*writes[::EVERY]})
    struck: Counter[str] = Counter()
    for place in places:
        data = tmp_path / f"at-{place}" / "data"
        struck[killed_at(place, data, library)] += 1
        with started(data) as server:
            assert server.sign_up()["idToken"]
            if (data / "operator-token").exists():  # a crash between making and writing it takes `operator recover`
                assert server.admin("GET", "/api/v1/projects").status_code == 200, data
            assert server.end() == 0
    by_thread = ", ".join(f"{thread} {count}" for thread, count in struck.items())
    print(
        f"first start killed at {len(places)} of {len(calls)} calls that change a file, "
        f"{len(writes[::EVERY])} of {len(writes)} pwrite64 among them: survived {struck.total()} of {len(places)} "
        f"(by thread: {by_thread})"
    )
    assert len(struck) == len({call.split()[0] for call in calls}) > 1


def made_by_a_first_start(data: Path, library: str) -> list[str]:
    """Return the calls that change a file until the server says that it answers; to its end both count the same."""
    log = data.with_name("trace")
    strace = ("strace", "-D", "-f", "-y", "-e", f"trace={CHANGING}", "-o", str(log))
    with started(data, under=(*strace, *strikable(0)), LD_PRELOAD=library) as server:
        assert server.end() == 0
    trace = log.read_text(errors="replace")
    assert server.log.read_text().splitlines()[-1] == f"met {len(changing(trace))}"
    return changing(trace.partition(" write(1<")[0])


def killed_at(place: int, data: Path, library: str) -> str:
    """Kill a first start at its call of that number, before it says that it answers; return whose call it was."""
    data.parent.mkdir(parents=True)
    done = subprocess.run(
        [*strikable(place), ECRIN, "serve", "--json", "--port", "0", "--data", str(data)],
        env=environment(LD_PRELOAD=library),
        capture_output=True,
        text=True,
        check=False,
        timeout=STARTS_WITHIN,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, ""), done.stderr
    return done.stderr.splitlines()[-1].removeprefix("struck ")


def strikable(place: int) -> tuple[str, ...]:
    """`under` for a server that is killed at its call of that number; from 1, and 0 kills it never."""
    return sys.executable, "-B", "-c", STRIKABLE, str(place)


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
