"""What it takes until a vault can be used: importing it, and opening one that holds 10,000 values.

Opening is measured with a passcode that costs nothing, so it is what stands beside the key derivation: two commits that
count the try, the manifest, and the place of every entry. SQLCipher checks nothing as a whole when it opens; beside us
stands its own check of every page. The note says what it takes without.
"""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.result import Figure, Verdict, judged, paired
from benchmarks.stage import Stage
from benchmarks.vaultpeers import SqlCipher
from benchmarks.vaults import COUNT, PASSCODE, Spent, Watch, batches, opened, values
from ecrin.vault import Vault

OPENING = 0.050  # seconds
IMPORT = 0.100  # seconds
PEER = "import keyring"
STATEMENTS = ("import ecrin.vault", "from ecrin import Vault")
OURS = {"base", "crypto", "errors", "vault"}
SERVER = set("aiosmtplib asyncpg httptools jinja2 joserfc litestar msgspec structlog uvicorn uvloop".split())
TELL = "\nimport os, sys; print(*sys.modules, flush=True); os._exit(0)"  # what ending takes is not counted


def measure(stage: Stage) -> list[Figure]:
    """Return the opening and both imports."""
    rounds = 3 if stage.quick else 25
    with tempfile.TemporaryDirectory() as folder:
        return [asyncio.run(_opening(Path(folder), rounds)), *_imports(Path(folder) / "compiled", rounds)]


async def _opening(folder: Path, rounds: int) -> Figure:
    kept, peer = values(COUNT), SqlCipher(folder / "peer")
    for batch in batches(kept):
        peer.put(batch)
    async with opened(folder / "ours", kept) as vault:
        sides = [(await _unlocked(vault), _called(peer.check_anew)) for _ in range(rounds)]
    lazy = statistics.median(_called(lambda: peer.read_anew(next(iter(kept)))).clock for _ in range(rounds))
    ours, other, ratio = paired([o.clock for o, _ in sides], [p.clock for _, p in sides])
    processor = statistics.median(o.processor for o, _ in sides)
    return Figure(
        "vaultstart",
        f"opening a vault of {COUNT:,} values, beside the key derivation",
        "ms",
        ours * 1000,
        other * 1000,
        "SQLCipher, every page checked",
        ratio,
        f"< {OPENING * 1000:.0f} ms",
        _verdict(ours, processor, OPENING),
        f"of processor time {processor * 1000:.0f} ms; SQLCipher alone {lazy * 1000:.1f} ms, which checks what is read",
    )


async def _unlocked(vault: Vault) -> Spent:
    await vault.lock()
    watch = Watch()
    await vault.unlock(PASSCODE)
    return watch.spent()


def _called(work: Callable[[], None]) -> Spent:
    watch = Watch()
    work()
    return watch.spent()


def _imports(compiled: Path, rounds: int) -> list[Figure]:
    """Return the imports, each in new processes, less what a process takes that imports nothing."""
    codes = ("pass", PEER, *STATEMENTS)
    loaded = {code: _run(code, compiled)[1] for code in codes}  # the first of each compiles, and is not counted
    spent = [{code: _run(code, compiled)[0] for code in codes} for _ in range(rounds)]
    return [_import(code, spent, loaded[code]) for code in STATEMENTS]


def _import(code: str, spent: Sequence[dict[str, Spent]], loaded: set[str]) -> Figure:
    sides = [[each[c].clock - each["pass"].clock for each in spent] for c in (code, PEER)]
    ours, peer, ratio = paired(*sides)
    processor = statistics.median(each[code].processor - each["pass"].processor for each in spent)
    strangers = sorted(name for name in loaded if _of_server(name))
    return Figure(
        "vaultstart",
        f"`{code}`",
        "ms",
        ours * 1000,
        peer * 1000,
        f"`{PEER}`",
        ratio,
        f"< {IMPORT * 1000:.0f} ms",
        Verdict.MISS if strangers else _verdict(ours, processor, IMPORT),
        f"of processor time {processor * 1000:.0f} ms; modules of the server: {', '.join(strangers) or 'none'}",
    )


def _run(code: str, compiled: Path) -> tuple[Spent, set[str]]:
    """Return what a new process spends on a statement, and the modules that it has loaded then."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, begun = _children(), time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code + TELL], env=environment, check=True, capture_output=True)
    return Spent(1, time.perf_counter() - begun, _children() - before), set(done.stdout.decode().split())


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of_server(module: str) -> bool:
    first, _, rest = module.partition(".")
    return first in SERVER or (first == "ecrin" and rest != "" and rest.partition(".")[0] not in OURS)


def _verdict(clock: float, processor: float, most: float) -> Verdict:
    """Where only the clock says that it is too slow, other work took the time, or the disk did: no verdict."""
    return Verdict.UNSURE if processor < most <= clock else judged(holds=clock < most)
