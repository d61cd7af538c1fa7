"""`/updates` with nothing new, and with a manifest of 160 files, beside an echo of the same sizes."""

import statistics
from collections.abc import Sequence
from itertools import cycle

from benchmarks import beside, capgo
from benchmarks.load import Turn
from benchmarks.result import Figure, Verdict, judged, percentile
from benchmarks.rows.bare_uvicorn import again, echo_of
from benchmarks.server import Server
from benchmarks.stage import Stage
from benchmarks.wire import Connection

CONNECTIONS = 32
CHANNELS = 50
FILES = 160
NOTHING_NEW = 1 / 2
MANIFEST = 1 / 8
SECONDS = 0.005  # the 99th percentile
GZIP = {"accept-encoding": "gzip"}


def prepared(server: Server) -> None:
    """Publish what the devices follow: 50 channels at a version of their own, and a bundle of many files."""
    with capgo.Operator(server) as operator:
        operator.create()
        for number in range(CHANNELS):
            operator.publish(f"1.0.{number}", capgo.page(str(number)), _channel(number))
            operator.change(_channel(number), allow_device_self_set=True)
        files = {f"static/js/chunk-{n:03}.js": b"export const chunk = %d" % n for n in range(1, FILES)}
        operator.publish("1.1.0", {**capgo.page("many"), **files}, "production", manifest=True)


def unchanged(server: Server, devices: int) -> list[list[bytes]]:
    """Return for each connection the questions of its part of the devices, who have what their channels name."""
    asked = [capgo.check(server, capgo.info(d, f"1.0.{d % CHANNELS}", _channel(d % CHANNELS))) for d in range(devices)]
    return [asked[number::CONNECTIONS] for number in range(CONNECTIONS)]


def turn(requests: Sequence[bytes]) -> Turn:
    """Return a turn that asks for one device after another; nothing may be new for any."""
    endless = cycle(requests)

    async def ask(connection: Connection) -> None:
        assert b"no_new_version_available" in await connection.ask(next(endless))

    return ask


async def measured(ours: Server, bare: Server, *, quick: bool) -> dict[str, beside.Rounds]:
    """Measure each kind of answer beside an echo of its sizes."""
    asked = unchanged(ours, 1_000 if quick else 10_000)
    behind = capgo.check(ours, capgo.info(1, "1.0.0"))
    packed = capgo.check(ours, capgo.info(1, "1.0.0"), GZIP)
    sides = {
        "nothing new": (beside.Side(ours, [turn(part) for part in asked]), await echo_of(bare, ours, asked[0][0])),
        "manifest": (again(ours, behind), await echo_of(bare, ours, behind)),
        "manifest, gzip": (again(ours, packed), await echo_of(bare, ours, packed)),
    }
    return {name: await beside.rounds(mine, again(bare, echo), quick=quick) for name, (mine, echo) in sides.items()}


def measure(stage: Stage) -> list[Figure]:
    """Return the rates beside the echo's, and how long the slowest answers with nothing new take."""
    with stage.own_ecrin(stage.server_cores) as ours:
        prepared(ours)
        found = stage.run(measured(ours, stage.bare(), quick=stage.quick))
    devices = "1,000" if stage.quick else "10,000"
    same = found["nothing new"]
    return [
        beside.figure("updates", f"/updates, nothing new, {devices} devices", "bare uvicorn", same, NOTHING_NEW),
        _slowest(same),
        beside.figure("updates", f"/updates, a manifest of {FILES} files", "bare uvicorn", found["manifest"], MANIFEST),
        beside.figure(
            "updates", f"/updates, a manifest of {FILES} files, gzip", "bare uvicorn", found["manifest, gzip"], None
        ),
    ]


def _channel(number: int) -> str:
    return f"line-{number}"


def _slowest(found: beside.Rounds) -> Figure:
    """Return the median of the rounds' 99th percentiles: what others take from one round says nothing of ours."""
    p99, peer = ([percentile(w.times, 0.99) for w in side] for side in (found.ours, found.peer))
    ours, other = statistics.median(p99), statistics.median(peer)
    return Figure(
        "updates",
        f"/updates, nothing new, p99 at {CONNECTIONS} connections",
        "ms",
        ours * 1000,
        other * 1000,
        "bare uvicorn",
        budget=f"< {SECONDS * 1000:.0f} ms",
        verdict=_verdict(ours, other),
        detail={"each": [round(p * 1000, 2) for p in p99]},
    )


def _verdict(ours: float, peer: float) -> Verdict:
    """Where even the echo takes so long, the machine allows no verdict."""
    if ours >= SECONDS and peer >= SECONDS:
        return Verdict.UNSURE
    return judged(holds=ours < SECONDS)
