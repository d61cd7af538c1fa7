"""Anybody can invent devices, so an app lists only so many; those that are listed go on, on each engine."""

from typing import Any

import pytest
import structlog.testing

from ecrin.base.clock import DAY, MINUTE
from ecrin.ops.jobs import Housekeeping
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import START, FakeClock
from ecrin.updates.devices.model import Device, Platform
from ecrin.updates.stats.room import RECOUNT
from ecrin.updates.stats.service import StatsService
from updates.stats.making import APP, device

OTHER = "com.example.other"


@pytest.fixture
def most() -> dict[str, int]:
    """How many devices each app may have; the service asks it again and again."""
    return {APP.id: 3, OTHER: 3}


@pytest.fixture
def stats(beside: Database, clock: FakeClock, most: dict[str, int]) -> StatsService:
    return opened(beside, clock, most)


def opened(beside: Database, clock: FakeClock, most: dict[str, int]) -> StatsService:
    return StatsService(beside, clock, 14, most=lambda app_id: most.get(app_id, 0))


async def seen(stats: StatsService, *numbers: int, version: str = "1.1.0", at: int = START, app: str = APP.id) -> None:
    """Devices ask for an update."""
    for number in numbers:
        about = {"version_os": "17", "plugin_version": "8.51.23", "custom_id": "", "default_channel": "", "key_id": ""}
        kind: dict[str, Any] = {"is_emulator": False, "is_prod": True}
        found = Device(app, device(number), Platform.IOS, version, "1.0.0", **about, **kind, seen_at=at)
        stats.devices.note(found, hash(version))
    await stats.devices.flush()


async def listed(stats: StatsService, app: str = APP.id) -> dict[int, str]:
    return {int(d.device_id[-12:], 16): d.version_name for d in await stats.inventory(app)}


async def test_an_app_lists_as_many_devices_as_it_may(stats: StatsService) -> None:
    await seen(stats, *range(5))
    await seen(stats, 7)
    assert list(await listed(stats)) == [0, 1, 2]


async def test_devices_that_are_not_listed_are_not_counted_as_active(stats: StatsService) -> None:
    await seen(stats, *range(5))
    assert await stats.active(APP.id, 1) == (3, [(START - START % DAY, 3)])


async def test_devices_that_are_listed_go_on_in_a_full_app(stats: StatsService) -> None:
    await seen(stats, *range(5))
    await seen(stats, 9, 2, 0, version="1.2.0")
    assert await listed(stats) == {0: "1.2.0", 1: "1.1.0", 2: "1.2.0"}


async def test_a_device_that_says_something_new_takes_no_second_place(stats: StatsService) -> None:
    for i in range(9):
        await seen(stats, 0, version=f"1.1.{i}")
    await seen(stats, 1, 2)
    assert list(await listed(stats)) == [0, 1, 2]


async def test_an_app_that_is_full_takes_no_room_from_another(stats: StatsService) -> None:
    await seen(stats, *range(9))
    await seen(stats, 1, 2, app=OTHER)
    assert list(await listed(stats, OTHER)) == [1, 2]


async def test_what_was_there_before_a_start_counts(
    stats: StatsService, beside: Database, clock: FakeClock, most: dict[str, int]
) -> None:
    await seen(stats, 0, 1)
    again = opened(beside, clock, most)
    await seen(again, 2, 3)
    assert list(await listed(again)) == [0, 1, 2]


async def test_a_bound_can_be_raised_and_lowered(stats: StatsService, most: dict[str, int]) -> None:
    await seen(stats, *range(4))
    most[APP.id] = 4
    await seen(stats, 5, 6)
    assert list(await listed(stats)) == [0, 1, 2, 5]
    most[APP.id] = 1
    await seen(stats, 7)
    await seen(stats, 0, version="1.2.0")
    assert await listed(stats) == {0: "1.2.0", 1: "1.1.0", 2: "1.1.0", 5: "1.1.0"}


async def test_devices_that_were_forgotten_make_room(stats: StatsService, beside: Database, clock: FakeClock) -> None:
    await seen(stats, 0, 1, 2)
    clock.tick(91 * DAY)
    await Housekeeping(beside, clock, stats.purges()).once()
    await seen(stats, 3, 4, at=clock.now())
    assert list(await listed(stats)) == [3, 4]


async def test_a_flood_makes_nobody_count_again_and_again(stats: StatsService, beside: Database) -> None:
    counted = 0

    class Counting:
        def __getattr__(self, name: str) -> Any:
            return getattr(beside, name)

        async def scan(self, unit: Any) -> Any:
            nonlocal counted
            counted += 1
            return await beside.scan(unit)

    stats.devices._database = Counting()  # type: ignore[assignment]
    for i in range(20):
        await seen(stats, i, at=START + i)
    assert counted == 1
    await seen(stats, 30, at=START + RECOUNT)
    assert counted == 2


async def test_an_app_that_is_not_there_lists_nothing(stats: StatsService, most: dict[str, int]) -> None:
    del most[APP.id]
    await seen(stats, 0)
    assert await listed(stats) == {}


async def test_that_an_app_is_full_is_logged_once_in_a_while(stats: StatsService) -> None:
    with structlog.testing.capture_logs() as logs:
        for i in range(15):
            await seen(stats, i, at=START + i * MINUTE)
    assert [(line["app"], line["most"]) for line in logs] == [(APP.id, 3)]


async def test_what_devices_were_answered_is_counted_in_a_full_app(stats: StatsService, beside: Database) -> None:
    await seen(stats, 0, 1, 2)
    stats.devices.answered(APP.id, "get", "1.2.0", "ios", "production", START)
    await seen(stats, 3)

    async def unit(tx: Tx) -> int:
        row = await tx.one("SELECT SUM(count) AS n FROM counts WHERE action = 'get' AND step = 60000")
        return int(row["n"]) if row else 0

    assert await beside.scan(unit) == 1
