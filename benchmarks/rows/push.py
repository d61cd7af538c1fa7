"""`ecrin push` of a real web app: all of it to an empty server, and its next release to one that has the last."""

import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import capgo
from benchmarks.machine import cores
from benchmarks.result import Figure, Unavailable, judged
from benchmarks.server import Server
from benchmarks.stage import Stage

PACKAGE = Path(__file__).parents[1] / "apps"
OLD, NEW = "26.8.1", "26.9.0"
WHOLE = 10.0  # seconds
NEXT = 3.0


def release(version: str) -> Path:
    """Return the folder of a release of npm `@actual-app/web`, installed from its lock file if need be.

    Raises `Unavailable` where npm is missing or cannot install it.
    """
    folder = PACKAGE / "node_modules" / f"web-{version}" / "build"
    if not folder.exists():
        _install()
    return folder


@dataclass(frozen=True, slots=True)
class Push:
    """How long a command took, by the clock and of processor time (its own), in seconds."""

    seconds: float
    processor: float


def pushed(server: Server, version: str) -> Push:
    """Run `ecrin push` of a release to its end."""
    command = [str(Path(sys.executable).with_name("ecrin")), "push", str(release(version)), "--app", capgo.APP]
    wanted = ["--version", version, "--channel", "production", "--data", str(capgo.data(server))]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECRIN_")}
    begin, before = time.perf_counter(), _processor()
    done = subprocess.run([*command, *wanted], env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Push(time.perf_counter() - begin, _processor() - before)


def once(stage: Stage) -> tuple[Push, Push]:
    """Push the whole app to a fresh server, and its next release to another one."""
    found = []
    for before in ((), (OLD,)):
        with stage.own_ecrin(set(cores())) as server, capgo.Operator(server) as operator:
            operator.create()
            for version in before:
                pushed(server, version)
            found.append(pushed(server, NEW))
    return found[0], found[1]


def measure(stage: Stage) -> list[Figure]:
    """Return both; server and publisher share all cores, as on one machine."""
    release(OLD)
    found = [once(stage) for _ in range(1 if stage.quick else 3)]
    size = sum(f.stat().st_size for f in release(NEW).rglob("*") if f.is_file() and f.suffix != ".map") / 1e6
    return [
        _figure(f"push of @actual-app/web {NEW} ({size:.0f} MB)", [whole for whole, _ in found], WHOLE),
        _figure(f"the same where the server has {OLD}", [after for _, after in found], NEXT),
    ]


def _figure(what: str, pushes: list[Push], budget: float) -> Figure:
    median = statistics.median(p.seconds for p in pushes)
    return Figure(
        "push",
        what,
        "s",
        median,
        budget=f"< {budget:.0f} s",
        verdict=judged(holds=median < budget),
        note=f"of processor time {statistics.median(p.processor for p in pushes):.1f} s",
        detail={"each": [round(p.seconds, 2) for p in pushes]},
    )


def _processor() -> float:
    """Return the seconds of processor time of the commands that have ended."""
    ended = os.times()
    return ended.children_user + ended.children_system


def _install() -> None:
    if shutil.which("npm") is None:
        raise Unavailable("npm is not installed, so the app to push cannot be had.")
    command = ["npm", "ci", "--prefix", str(PACKAGE), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"npm could not install the app to push: {(done.stderr or done.stdout).strip()[-300:]}")
