"""`/stats`: arrays of 20 events, each from another device, on disk before the reply."""

import statistics
from itertools import count

from benchmarks import capgo
from benchmarks.load import Turn, Window, closed_loop
from benchmarks.result import Figure, Verdict, judged, percentile
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection

BUDGET = 1_000  # arrays a second
CONNECTIONS = 32
DEVICES = 10_000
VERSION = "1.1.0"
ACTIONS = (
    *("app_launch_start", "app_launch_ready", "app_moved_to_background", "app_moved_to_foreground", "get"),
    *("download_manifest_start", *(f"download_{percent}" for percent in range(0, 100, 10))),
    *("download_manifest_complete", "download_complete", "set_next", "set"),
)


def turns(server: Server) -> list[Turn]:
    """Return turns that share the devices; each reply must take every event."""
    requests = [capgo.report(server, capgo.info(d, VERSION), ACTIONS) for d in range(DEVICES)]
    numbers = count()

    async def ask(connection: Connection) -> None:
        reply = await connection.ask(requests[next(numbers) % DEVICES])
        assert reply.count(b'"ok"') == len(ACTIONS) + 1, reply[:300]

    return [ask] * CONNECTIONS


async def measured(server: Server, *, quick: bool) -> list[Window]:
    """Return windows after a warm-up."""
    asked = turns(server)
    await closed_loop(server.address, asked, 1.0 if quick else 5.0, server.processor)
    return [await closed_loop(server.address, asked, 1.0, server.processor) for _ in range(3 if quick else 15)]


def measure(stage: Stage) -> list[Figure]:
    """Return the rate of arrays, and whether everything that was answered is counted."""
    with stage.own_ecrin(stage.server_cores) as server, capgo.Operator(server) as operator:
        operator.create()
        operator.publish(VERSION, capgo.page("new"), "production")
        windows = stage.run(measured(server, quick=stage.quick))
        counted = sum(p["count"] for p in operator.stats("series?step=day&by=version")["points"])
    answered = sum(w.requests for w in windows) * len(ACTIONS)
    assert counted >= answered, f"{counted} events are counted, {answered} were taken"
    return [_figure(windows)]


def _figure(windows: list[Window]) -> Figure:
    clock, processor = statistics.median(w.rate for w in windows), statistics.median(w.per_processor for w in windows)
    p99 = percentile([t for w in windows for t in w.times], 0.99) * 1000
    return Figure(
        "stats",
        f"/stats, arrays of {len(ACTIONS)} events, durable, {CONNECTIONS} connections",
        "/s by the clock",
        clock,
        budget=f"{BUDGET:,} /s",
        verdict=_verdict(clock, processor),
        note=f"{processor:,.0f} arrays /CPU-s; {clock * len(ACTIONS):,.0f} events/s; p99 {p99:.0f} ms",
        detail={"each": [round(w.rate) for w in windows], "per_processor": processor},
    )


def _verdict(clock: float, processor: float) -> Verdict:
    """Where only the clock says that it is too slow, other work took the time, or the disk did: no verdict."""
    if clock < BUDGET <= processor:
        return Verdict.UNSURE
    return judged(holds=clock >= BUDGET)
