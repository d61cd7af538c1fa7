"""The fleet: 10,000 devices, 5 % of their requests failing, the server killed twice while they update."""

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import capgo, ours
from benchmarks.result import Figure, judged
from benchmarks.stage import Stage
from ecrin.testing.fleet import Fleet, Network, Plan

LOSS = 0.05
OPENED = 2.0  # times in an interval, on average, that an active user opens the app
SUCCESS = 0.999
WITHIN = 20.0  # intervals until the run is given up
NATIVE, TARGET = "1.0.1", "1.1.0"
KILLED_AT = (0.2, 0.6)  # shares of the devices


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a fleet; times are seconds since the version was published."""

    devices: int
    every: float
    installed: int
    acknowledged: int
    lost: int
    flipped: int
    reached: dict[float, float]
    trouble: Counter[str]


class Run:
    """A server that is killed and started again, and the fleet that it serves."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self._folder = folder
        self._stage = stage
        self.server = ours.start(folder, stage.server_cores)

    async def killed(self) -> None:
        """Kill the server, and start it on the same port again."""
        self.server.process.kill()
        self.server.process.wait()
        port = self.server.address[1]
        self.server = await asyncio.to_thread(ours.start, self._folder, self._stage.server_cores, port=port)

    async def play(self, devices: int, every: float) -> Outcome:
        """Publish two versions, let the devices follow, and say how it went."""
        with capgo.Operator(self.server) as operator:
            operator.create()
            operator.publish(NATIVE, capgo.page("one"), "production")
            network = Network(loss=LOSS, delay=every / 100)
            plan = Plan(
                capgo.APP,
                devices,
                seed=1,
                every=every,
                foregrounds=OPENED,
                flush=every / 20,
                network=network,
                files=True,
            )
            async with Fleet(plan, self.server.address) as fleet:
                await fleet.until(lambda: fleet.share(NATIVE) == 1.0, within=every * WITHIN)
                await asyncio.to_thread(operator.publish, TARGET, capgo.page("two"), "production")
                reached = await self._reached(fleet, every)
            return _outcome(plan, fleet, reached, operator)

    async def _reached(self, fleet: Fleet, every: float) -> dict[float, float]:
        """Return when each share of the devices had the version; the server is killed on the way."""
        clock = asyncio.get_running_loop().time
        begin = clock()
        times: dict[float, float] = {}
        for share in sorted((*KILLED_AT, 0.5, 0.9, 0.95, 1.0)):
            await fleet.until(lambda share=share: fleet.share(TARGET) >= share, within=every * WITHIN)  # type: ignore[misc]
            times[share] = clock() - begin
            if share in KILLED_AT:
                await self.killed()
        await fleet.until(lambda: not fleet.waiting(), within=every * WITHIN)
        return times


def _outcome(plan: Plan, fleet: Fleet, reached: dict[float, float], operator: capgo.Operator) -> Outcome:
    lost = fleet.acknowledged - counted(operator)
    made = {v["version"]: v for v in operator.stats("summary")["versions"]}
    installed, said = made[TARGET]["installs"], len(fleet.installs[TARGET])
    gone, back = lost.total(), len(fleet.went_back())
    return Outcome(plan.devices, plan.every, installed, said, gone, back, reached, fleet.trouble)


def counted(operator: capgo.Operator) -> Counter[tuple[str, str]]:
    """Return how many events the server has, by action and version."""
    found: Counter[tuple[str, str]] = Counter()
    for version in (NATIVE, TARGET):
        for point in operator.stats(f"series?step=day&version={version}")["points"]:
            found[point["action"], version] += point["count"]
    return found


def measure(stage: Stage) -> list[Figure]:
    """Return the success rate, how soon 95 % of the devices had the version, and what was lost."""
    devices, every = (500, 20.0) if stage.quick else (10_000, 120.0)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), stage)
        try:
            found = stage.run(run.play(devices, every))
        finally:
            run.server.stop()
    return [_success(found), _soon(found), _kept(found)]


def _success(found: Outcome) -> Figure:
    rate = found.installed / found.devices
    return Figure(
        "fleet",
        f"{found.devices:,} devices, {LOSS:.0%} of requests failing, server killed twice: success",
        "%",
        rate * 100,
        82.0,
        "Capgo publishes",
        budget=f"> {SUCCESS:.1%}",
        verdict=judged(holds=rate > SUCCESS),
        note=f"{found.flipped} devices ran a version again; what went wrong: {dict(found.trouble.most_common(5))}",
    )


def _soon(found: Outcome) -> Figure:
    share = found.reached[0.95] / found.every
    return Figure(
        "fleet",
        f"until 95 % of active devices have it, in intervals of {found.every:.0f} s",
        "intervals",
        share,
        budget="< 1 interval",
        verdict=judged(holds=share < 1),
        note="after the release: " + ", ".join(f"{s:.0%} {t:.1f} s" for s, t in found.reached.items()),
    )


def _kept(found: Outcome) -> Figure:
    return Figure(
        "fleet",
        "acknowledged events that are lost",
        "events",
        float(found.lost),
        budget="0",
        verdict=judged(holds=found.lost == 0 and found.installed >= found.acknowledged and not found.flipped),
        note=f"{found.installed} installations counted, {found.acknowledged} acknowledged",
    )
