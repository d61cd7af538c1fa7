"""Sign-up and sign-in as shares of what Argon2id alone allows, while 200 lookups a second run beside them.

The bound is measured in the same rounds: as many threads as cores, each of which does nothing but hash or verify, at
the priority that the server's hash threads have, which is the lowest. On a busy machine the clock therefore says little
about either. What counts is processor time: of the cores, the lookups beside take a part (measured alone); what a
sign-in costs, beside what a hash costs, says how much of the bound is reached on the rest.
"""

import asyncio
import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from benchmarks import firebase
from benchmarks.load import Turn, Window, closed_loop, open_loop
from benchmarks.machine import cores, pinned
from benchmarks.result import Figure, judged, percentile
from benchmarks.rows.lookup import turn as lookup_turn
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection
from ecrin.auth.password.hashing import NICENESS
from ecrin.crypto.passwords import INTERACTIVE, hash_password, verify_password

BUDGET = 0.9
BESIDE = 200.0  # lookups a second
P99 = 0.050
EACH_CORE = 8  # sign-ins that wait at once


@dataclass(frozen=True, slots=True)
class Bound:
    """What Argon2id alone does: hashes a second of the clock on all cores, and a second of processor time."""

    rate: float
    per_processor: float


@dataclass(frozen=True, slots=True)
class Round:
    """A window of sign-ins (or sign-ups), the lookups beside it, and the bound that was measured next to it.

    `lookups` is the share of the cores' time (0 to 1) that the lookups take, `generator` that which the load generator
    took from both.
    """

    window: Window
    beside: list[float]
    bound: Bound
    lookups: float
    generator: float

    @property
    def share(self) -> float:
        """Return how much of the bound is reached, by processor time."""
        beside = self.lookups * len(cores()) * self.window.seconds
        each = (self.window.processor - beside) / self.window.requests
        return (1 - self.lookups) / (each * self.bound.per_processor)

    @property
    def share_by_clock(self) -> float:
        """Return how much of the bound was reached in the time that the load generator left."""
        return self.window.rate / (self.bound.rate * (1 - self.generator))


def bound(seconds: float, work: Callable[[], object]) -> Bound:
    """Return how often a second the cores do a piece of work, one thread a core."""
    begin = time.perf_counter()
    found: list[Bound] = []

    def spend() -> None:
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        done, used = 0, time.thread_time()
        while time.perf_counter() - begin < seconds:
            work()
            done += 1
        found.append(Bound(done / (time.perf_counter() - begin), done / (time.thread_time() - used)))

    threads = [threading.Thread(target=spend) for _ in cores()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Bound(sum(b.rate for b in found), statistics.fmean(b.per_processor for b in found))


class Requests:
    """The turns of this row, over users who exist and addresses that are new each time."""

    def __init__(self, server: Server, users: list[firebase.User]) -> None:
        self._server = server
        self._users = users
        self._numbers = count()

    async def sign_in(self, connection: Connection) -> None:
        """Sign a user in, each in turn."""
        user = self._users[next(self._numbers) % len(self._users)]
        assert b'"idToken"' in await connection.ask(firebase.sign_in(self._server, user.email))

    async def sign_up(self, connection: Connection) -> None:
        """Make an account."""
        email = f"new-{next(self._numbers)}@example.org"
        assert b'"idToken"' in await connection.ask(firebase.sign_up(self._server, email))


async def lookups_alone(server: Server, user: firebase.User, seconds: float) -> float:
    """Return the share of the cores' time that the lookups take from the server when nothing else is asked of it."""
    used = server.processor()
    await open_loop(server.address, lookup_turn(server, user), rate=BESIDE, seconds=seconds)
    return (server.processor() - used) / seconds / len(cores())


async def together(server: Server, ask: Turn, user: firebase.User, seconds: float) -> tuple[Window, list[float], float]:
    """Return a window of `ask`, the times of the lookups beside it, and the load generator's share of the cores."""
    begin, used = time.perf_counter(), time.process_time()
    window, beside = await asyncio.gather(
        closed_loop(server.address, [ask] * (EACH_CORE * len(cores())), seconds, server.processor),
        open_loop(server.address, lookup_turn(server, user), rate=BESIDE, seconds=seconds),
    )
    return window, beside, (time.process_time() - used) / (time.perf_counter() - begin) / len(cores())


async def rounds(server: Server, *, quick: bool) -> dict[str, list[Round]]:
    """Measure the bound, then the server, then the bound of the other, then that; again and again."""
    times, seconds = (2, 3.0) if quick else (7, 5.0)
    users = await firebase.users(server, 32, password=True)
    requests = Requests(server, users)
    phc = hash_password(firebase.PASSWORD, INTERACTIVE)
    verbs: dict[str, tuple[Turn, Callable[[], object]]] = {
        "sign-in": (requests.sign_in, lambda: verify_password(phc, firebase.PASSWORD)),
        "sign-up": (requests.sign_up, lambda: hash_password(firebase.PASSWORD, INTERACTIVE)),
    }
    measured: dict[str, list[Round]] = {name: [] for name in verbs}
    for _ in range(times):
        lookups = await lookups_alone(server, users[0], seconds)
        for name, (ask, alone) in verbs.items():
            most = bound(seconds, alone)
            window, beside, generator = await together(server, ask, users[0], seconds)
            measured[name].append(Round(window, beside, most, lookups, generator))
    return measured


def measure(stage: Stage) -> list[Figure]:
    """Return the shares, and the slowest percent of the lookups beside."""
    every = set(cores())
    with stage.own_ecrin(every) as server, pinned(every):
        measured = stage.run(rounds(server, quick=stage.quick), every)
    return [*(_share(name, found) for name, found in measured.items()), _beside(measured)]


def _share(name: str, found: list[Round]) -> Figure:
    share = statistics.median(r.share for r in found)
    clock = statistics.median(r.share_by_clock for r in found)
    rate = statistics.median(r.window.rate for r in found)
    return Figure(
        "passwords",
        f"{name}, {BESIDE:.0f} lookups/s beside it, {len(cores())} cores",
        "/s by the clock",
        rate,
        statistics.median(r.bound.rate for r in found),
        "Argon2id alone",
        share,
        f"{BUDGET:.0%}",
        judged(holds=share >= BUDGET),
        f"the ratio is by processor time; by the clock {clock:.0%} of what the load generator left",
        {
            "shares": [round(r.share, 3) for r in found],
            "shares_by_clock": [round(r.share_by_clock, 3) for r in found],
            "bounds_by_clock": [round(r.bound.rate, 1) for r in found],
            "lookups_take": [round(r.lookups, 3) for r in found],
            "load_generator_took": [round(r.generator, 3) for r in found],
        },
    )


def _beside(measured: dict[str, list[Round]]) -> Figure:
    by_round = [percentile(r.beside, 0.99) for found in measured.values() for r in found]
    p99 = statistics.median(by_round)
    return Figure(
        "passwords",
        f"p99 of the {BESIDE:.0f} lookups/s beside",
        "ms",
        p99 * 1000,
        budget=f"< {P99 * 1000:.0f} ms",
        verdict=judged(holds=p99 < P99),
        note=f"by round: {', '.join(f'{t * 1000:.0f}' for t in by_round)} ms",
        detail={"p99_ms": [round(t * 1000, 2) for t in by_round]},
    )
