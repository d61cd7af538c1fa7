"""Devices by the hundred over real HTTP: versions spread, bad ones are stopped, nobody flips back."""

from ecrin.testing.fleet import Fleet, Network, Plan
from updates.fleet.conftest import Site

WITHIN = 120.0  # seconds; for a machine that is busy with other work
EVERY = 1.0


def plan(site: Site, devices: int = 200, **more: object) -> Plan:
    return Plan(site.app.id, devices, seed=11, every=EVERY, flush=0.1, **more)  # type: ignore[arg-type]


async def settled(fleet: Fleet, version: str, share: float = 1.0) -> None:
    """Wait until a share of the devices has a version and all has been said."""
    await fleet.until(lambda: fleet.share(version) >= share and not fleet.waiting(), within=WITHIN)


async def test_a_version_spreads_to_every_device(site: Site) -> None:
    async with Fleet(plan(site), site.address) as fleet:
        await settled(fleet, "1.0.1")
        curve = fleet.curve("1.0.1")
        steps = [curve.reached(share) for share in (0.5, 0.9, 0.95, 1.0)]
        assert None not in steps
        assert steps == sorted(steps)  # type: ignore[type-var]


async def test_the_server_counts_the_installations_that_the_fleet_made(site: Site) -> None:
    async with Fleet(plan(site), site.address) as fleet:
        await settled(fleet, "1.0.1")
    adoption = await site.instance.app.updates.stats.adoption(site.app.id, "1.0.1")
    assert (adoption.installed, adoption.active) == (200, 200)


async def test_a_bad_network_delays_and_loses_nothing(site: Site) -> None:
    async with Fleet(plan(site, network=Network(loss=0.3, delay=0.05)), site.address) as fleet:
        await settled(fleet, "1.0.1")
        lost = fleet.trouble["no reply"]
    adoption = await site.instance.app.updates.stats.adoption(site.app.id, "1.0.1")
    assert (adoption.installed, lost > 0) == (200, True)


async def test_a_rollout_reaches_its_share_of_the_devices(site: Site) -> None:
    async with Fleet(plan(site, devices=400), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.roll_out("1.0.2", 0.25)
        checks = fleet.checks
        await fleet.until(lambda: fleet.checks > checks + 5 * 400, within=WITHIN)
        assert 0.15 < fleet.share("1.0.2") < 0.35


async def test_a_bad_rollout_is_halted_and_reaches_nobody_else(site: Site) -> None:
    async with Fleet(plan(site, faults={"1.0.2": 0.5}), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.roll_out("1.0.2", 0.5, min_attempts=20)
        await fleet.until(lambda: len(fleet.installs["1.0.2"]) > 60 and not fleet.waiting(), within=WITHIN)
        assert await site.watch() == "paused"
        await site.instance.app.updates.catalog.refresh(site.app.id)
        reached = sum("1.0.2" in (d.version, *d.failed) for d in fleet.devices)
        checks = fleet.checks
        await fleet.until(lambda: fleet.checks > checks + 3 * 200, within=WITHIN)
        assert sum("1.0.2" in (d.version, *d.failed) for d in fleet.devices) == reached


async def test_a_good_rollout_is_not_halted(site: Site) -> None:
    async with Fleet(plan(site, faults={"1.0.2": 0.01}), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.roll_out("1.0.2", 1.0, min_attempts=20)
        await settled(fleet, "1.0.2", 0.95)
        assert await site.watch() == "running"


async def test_a_rollout_that_is_raised_paused_resumed_and_promoted_flips_nobody_back(site: Site) -> None:
    async with Fleet(plan(site, network=Network(loss=0.05)), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.roll_out("1.0.2", 0.2)
        await settled(fleet, "1.0.2", 0.1)
        await site.rollout("raise", {"share_percent": 50})
        await settled(fleet, "1.0.2", 0.35)
        await site.rollout("pause", {})
        checks = fleet.checks
        await fleet.until(lambda: fleet.checks > checks + 2 * 200, within=WITHIN)
        await site.rollout("resume", {})
        await site.rollout("promote", {})
        await settled(fleet, "1.0.2")
        assert {tuple(d.history) for d in fleet.devices} <= {("builtin", "1.0.1", "1.0.2"), ("builtin", "1.0.2")}
        assert fleet.went_back() == []


async def test_a_rollout_that_is_rolled_back_takes_every_device_back(site: Site) -> None:
    async with Fleet(plan(site), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.roll_out("1.0.2", 0.5)
        await settled(fleet, "1.0.2", 0.35)
        await site.rollout("rollback", {})
        await settled(fleet, "1.0.1")
        assert len(fleet.went_back()) >= 0.35 * 200


async def test_a_channel_at_builtin_resets_every_device(site: Site) -> None:
    async with Fleet(plan(site), site.address) as fleet:
        await settled(fleet, "1.0.1")
        await site.point("builtin")
        await settled(fleet, "builtin")
