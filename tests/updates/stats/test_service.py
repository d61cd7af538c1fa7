"""Statistics on disk, on each engine: what is counted once, what twice, what judges a rollout, what goes."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ecrin.base.clock import DAY, HOUR, MINUTE, SECOND
from ecrin.errors import StorageError
from ecrin.ops.jobs import Housekeeping
from ecrin.storage.sql.port import Database, Tx
from ecrin.testing.clock import START, FakeClock
from ecrin.updates.devices.model import Device, Platform
from ecrin.updates.errors import OverQuota
from ecrin.updates.rollout.model import Rollout
from ecrin.updates.rollout.rules import Tally
from ecrin.updates.stats import store
from ecrin.updates.stats.model import Delivery, Said
from ecrin.updates.stats.service import COME_BACK, StatsService
from ecrin.updates.stats.store import open_beside
from updates.stats.making import ADDRESS, APP, ample, delivery, device

ROLLOUT = Rollout("r", APP.id, 1, "1.2.0", "1.1.0", START, START)


async def record(stats: StatsService, *deliveries: Delivery) -> None:
    await stats.record(APP, ADDRESS, list(deliveries))


async def rows(beside: Database, table: str) -> list[dict[str, Any]]:
    async def unit(tx: Tx) -> list[dict[str, Any]]:
        return [dict(row) for row in await tx.all(f"SELECT * FROM {table}")]  # type: ignore[call-overload]

    return await beside.scan(unit)


def noted(number: int, version: str = "1.1.0", at: int = START, **changes: Any) -> Device:
    about: dict[str, Any] = {"version_os": "17", "plugin_version": "8.51.23", "custom_id": "", "default_channel": ""}
    kind = {"is_emulator": False, "is_prod": True}
    return Device(
        APP.id,
        device(number),
        Platform.IOS,
        version,
        "1.0.0",
        **{**about, "key_id": "", **kind, "seen_at": at, **changes},
    )


def note(stats: StatsService, noted: Device) -> None:
    stats.devices.note(noted, hash((noted.version_name, noted.custom_id)))


async def test_a_repeated_delivery_is_counted_twice_by_event_and_once_by_device(
    stats: StatsService, beside: Database
) -> None:
    """Its reply was lost, so the client sends it again."""
    once = delivery("set", "update_fail", "ping")
    await record(stats, once)
    await record(stats, once)
    days = {r["action"]: r["count"] for r in await rows(beside, "counts") if r["step"] == DAY}
    assert days == {"set": 2, "update_fail": 2, "ping": 2, "*install": 1, "*failure": 1}
    assert await stats.counts(ROLLOUT, START) == Tally(attempts=1, failures=1)


async def test_a_repetition_within_one_unit_is_counted_the_same(stats: StatsService, beside: Database) -> None:
    once = delivery("set", "update_fail", "ping")
    await asyncio.gather(*(record(stats, once) for _ in range(5)))
    days = {r["action"]: r["count"] for r in await rows(beside, "counts") if r["step"] == DAY}
    assert days == {"set": 5, "update_fail": 5, "ping": 5, "*install": 1, "*failure": 1}


async def test_counts_are_by_the_minute_the_hour_and_the_day(stats: StatsService, beside: Database) -> None:
    await record(
        stats, delivery("ping", at=START), delivery("ping", at=START + MINUTE), delivery("ping", at=START + HOUR)
    )
    found = {
        step: sorted(r["count"] for r in await rows(beside, "counts") if r["step"] == step) for step in (MINUTE, HOUR)
    }
    assert found == {MINUTE: [1, 1, 1], HOUR: [1, 2]}
    assert sum(r["count"] for r in await rows(beside, "counts") if r["step"] == DAY) == 3


async def test_failures_of_a_device_count_once_and_crashes_beside_failed_updates(stats: StatsService) -> None:
    await record(stats, *(delivery("set", by=i) for i in range(4)))
    await record(stats, delivery("update_fail", "app_crash", "app_crash", by=0))
    await record(stats, delivery("webview_javascript_error", by=1))
    await record(stats, delivery("download_fail", by=2))
    assert await stats.counts(ROLLOUT, START) == Tally(attempts=4, failures=2)


async def test_a_device_that_fails_without_an_install_is_an_attempt(stats: StatsService) -> None:
    await record(stats, delivery("checksum_fail", by=0))
    assert await stats.counts(ROLLOUT, START) == Tally(attempts=1, failures=1)


async def test_emulators_development_builds_and_other_versions_judge_nothing(stats: StatsService) -> None:
    await record(stats, delivery("set", "app_crash", by=0, counted=False))
    await record(stats, delivery("set", "app_crash", by=1, version="1.1.0"))
    assert await stats.counts(ROLLOUT, START) == Tally(attempts=0, failures=0)


async def test_what_lies_before_the_window_judges_nothing(stats: StatsService) -> None:
    await record(stats, delivery("set", by=0, at=START), delivery("set", "app_crash", by=1, at=START))
    await record(stats, delivery("set", by=2, at=START + HOUR))
    assert await stats.counts(ROLLOUT, START + 1) == Tally(attempts=1, failures=0)


async def test_who_had_it_before_and_fails_within_the_window_is_both(stats: StatsService) -> None:
    await record(stats, delivery("set", "app_crash", by=0, at=START))
    await record(stats, delivery("app_crash", by=0, at=START + HOUR))
    assert await stats.counts(ROLLOUT, START + HOUR) == Tally(attempts=1, failures=1)


async def test_an_install_keeps_its_first_time_and_a_failure_its_last(stats: StatsService, beside: Database) -> None:
    for at in (START + HOUR, START, START + MINUTE):
        await record(stats, delivery("set", "update_fail", at=at))
    assert {r["kind"]: (r["at"], r["times"]) for r in await rows(beside, "outcomes")} == {
        "install": (START, 3),
        "failure": (START + HOUR, 3),
    }


async def test_a_summary_has_the_success_rate_in_devices(stats: StatsService) -> None:
    await record(stats, *(delivery("download_complete", "set", by=i) for i in range(8)))
    await record(stats, delivery("update_fail", by=7), delivery("download_fail", by=6), delivery("download_fail", by=9))
    found = {v.version: v for v in await stats.versions(APP.id, 7)}["1.2.0"]
    assert (found.attempts, found.installs, found.failures, found.downloads) == (9, 8, 2, 8)
    assert found.success_rate == pytest.approx(7 / 9)


async def test_an_adoption_says_when_the_shares_were_reached(stats: StatsService, clock: FakeClock) -> None:
    for i in range(20):
        note(stats, noted(i))
    note(stats, noted(20, is_emulator=True))
    note(stats, noted(21, at=START - 3 * DAY))
    await stats.devices.flush()
    for i in range(18):
        await record(stats, delivery("set", by=i, at=START + i * MINUTE))
        await record(stats, delivery("set", by=i, at=START + DAY))  # Electron says it again at every start
    found = await stats.adoption(APP.id, "1.2.0")
    assert (found.started_at, found.active, found.installed) == (START, 20, 18)
    assert found.reached == {50: START + 9 * MINUTE, 90: START + 17 * MINUTE, 95: None}
    assert [count for _, count in found.curve] == list(range(1, 19))


async def test_a_version_that_nobody_has_was_not_adopted(stats: StatsService) -> None:
    found = await stats.adoption(APP.id, "3.0.0")
    assert (found.started_at, found.installed, found.curve) == (None, 0, ())


async def test_a_device_is_written_again_only_for_another_day_or_something_new(
    stats: StatsService, beside: Database
) -> None:
    note(stats, noted(0, at=START))
    await stats.devices.flush()
    note(stats, noted(0, at=START + SECOND))
    note(stats, noted(0, version="", at=START + 2 * SECOND))
    await stats.devices.flush()
    assert [r["seen_at"] for r in await rows(beside, "devices")] == [START]
    note(stats, noted(0, version="1.2.0", at=START + 3 * SECOND))
    await stats.devices.flush()
    assert [(r["seen_at"], r["version_name"]) for r in await rows(beside, "devices")] == [(START + 3 * SECOND, "1.2.0")]
    note(stats, noted(0, version="", at=START + DAY))
    await stats.devices.flush()
    assert [(r["seen_at"], r["version_name"]) for r in await rows(beside, "devices")] == [(START + DAY, "1.2.0")]


async def test_what_could_not_be_written_waits(main: Database, clock: FakeClock) -> None:
    beside = await open_beside(main)
    stats = StatsService(beside, clock, 14, most=ample)
    note(stats, noted(0))
    await beside.close()
    with pytest.raises(Exception, match="closed"):
        await stats.devices.flush()
    again = await open_beside(main)
    stats.devices._database = again
    await stats.devices.flush()
    assert len(await rows(again, "devices")) == 1
    await again.close()


async def test_stopping_writes_what_was_noted(stats: StatsService, beside: Database) -> None:
    stop = asyncio.Event()
    work = asyncio.create_task(stats.run(stop))
    await asyncio.sleep(0)
    note(stats, noted(0))
    stop.set()
    await work
    assert len(await rows(beside, "devices")) == 1


async def test_what_was_said_goes_and_what_was_counted_by_the_hour_stays(
    stats: StatsService, beside: Database, clock: FakeClock
) -> None:
    await record(stats, *(delivery("ping", by=i) for i in range(5)))
    note(stats, noted(0))
    await stats.devices.flush()
    housekeeping = Housekeeping(beside, clock, stats.purges())
    clock.tick(14 * DAY - HOUR)
    assert await housekeeping.once() == 0
    clock.tick(2 * HOUR)
    await housekeeping.once()
    assert await rows(beside, "deliveries") == []
    assert {r["step"] for r in await rows(beside, "counts")} == {HOUR, DAY}
    assert len(await rows(beside, "devices")) == 1
    clock.tick(90 * DAY)
    await housekeeping.once()
    assert (await rows(beside, "devices"), await rows(beside, "active_days")) == ([], [])


@pytest.mark.parametrize("table", ["outcomes", "devices", "active_days", "counts"])
async def test_a_purge_takes_no_more_at_once_than_it_may(stats: StatsService, beside: Database, table: str) -> None:
    """All of them are as old as each other; the flood of a day must not go in one unit."""
    for i in range(7):
        await record(stats, delivery("set", f"own_{i}", by=i))
        note(stats, noted(i))
    await stats.devices.flush()
    before = len(await rows(beside, table))
    assert await beside.write(lambda tx: store.purge(tx, table, START + DAY, 3)) == 3
    assert len(await rows(beside, table)) == before - 3


@pytest.mark.parametrize("table", store.TABLES)
async def test_an_app_that_is_gone_goes_a_few_rows_at_a_time(stats: StatsService, beside: Database, table: str) -> None:
    """All of a large one in one unit would hold up the reports of every other."""
    other = replace(delivery("set", by=9), app_id="com.example.other")
    for i in range(7):
        await record(stats, delivery("set", f"own_{i}", by=i))
        note(stats, noted(i))
    note(stats, replace(noted(9), app_id=other.app_id))
    await record(stats, other)
    await stats.devices.flush()
    before = len(await rows(beside, table))
    assert await beside.write(lambda tx: store.forget(tx, table, APP.id, 3)) == 3
    assert len(await rows(beside, table)) == before - 3
    await beside.write(lambda tx: store.forget(tx, table, APP.id, 1_000))
    assert {row["app_id"] for row in await rows(beside, table)} == {other.app_id}


async def test_an_app_that_is_gone_leaves_nothing(stats: StatsService, beside: Database) -> None:
    await record(stats, delivery("set"))
    note(stats, noted(0))
    await stats.devices.flush()
    await stats.forget_all_but({APP.id})
    assert len(await rows(beside, "deliveries")) == 1
    await stats.forget_all_but(set())
    for table in ("deliveries", "counts", "outcomes", "devices", "active_days"):
        assert await rows(beside, table) == []


async def test_the_quota_of_events_bounds_what_is_written(stats: StatsService, beside: Database) -> None:
    """An event may have 63 KB of metadata; counted as one, the usual quota let in 3.7 GB a minute."""
    app = replace(APP, settings=replace(APP.settings, stats_per_minute=1_000))
    large = Said("app_crash", "1.2.0", metadata={f"k{i}": "x" * 2048 for i in range(30)})
    sent = [[replace(delivery(by=number), events=(large,))] for number in range(50)]
    await asyncio.gather(*(stats.record(app, ADDRESS, each) for each in sent), return_exceptions=True)
    written = sum(len(row["events"]) for row in await rows(beside, "deliveries"))
    assert 900 * 1024 < written < 1_100 * 1024


async def test_a_rollout_hears_that_reports_were_refused(stats: StatsService, clock: FakeClock) -> None:
    clock.tick(HOUR)
    app = replace(APP, settings=replace(APP.settings, stats_per_minute=1))
    await stats.record(app, ADDRESS, [delivery("set")])
    assert await stats.counts(ROLLOUT, START) == Tally(1, 0)
    with pytest.raises(OverQuota):
        await stats.record(app, ADDRESS, [delivery("set")])
    assert await stats.counts(ROLLOUT, START) == Tally(1, 0, cut=True)
    clock.tick(COME_BACK)
    assert await stats.counts(ROLLOUT, START) == Tally(1, 0)


async def test_a_rollout_hears_that_reports_could_not_be_written(main: Database, clock: FakeClock) -> None:
    beside = await open_beside(main)
    stats = StatsService(beside, clock, 14, most=ample)
    clock.tick(HOUR)
    await beside.close()
    with pytest.raises(StorageError):
        await record(stats, delivery("set"))
    again = await open_beside(main)
    stats._database = again
    assert (await stats.counts(ROLLOUT, START)).cut
    await again.close()


async def test_a_rollout_hears_that_nobody_could_report_before_the_start(beside: Database, clock: FakeClock) -> None:
    """A timetable that came due while the server was down waits for the failures that clients have kept."""
    stats = StatsService(beside, clock, 14, most=ample)
    assert (await stats.counts(ROLLOUT, START)).cut
    clock.tick(COME_BACK)
    assert not (await stats.counts(ROLLOUT, START)).cut


async def test_a_failure_of_the_disk_is_told_to_everybody_who_waits(main: Database, clock: FakeClock) -> None:
    beside = await open_beside(main)
    stats = StatsService(beside, clock, 14, most=ample)
    await beside.close()
    told = await asyncio.gather(*(record(stats, delivery("ping")) for _ in range(3)), return_exceptions=True)
    assert [type(error).__name__ for error in told] == ["StorageUnavailable"] * 3
    assert len({id(error) for error in told}) == 3


async def test_statistics_are_not_in_the_database_of_sign_in(main: Database, stats: StatsService) -> None:
    await record(stats, delivery("ping"))
    with pytest.raises(Exception, match=r"deliveries|column|relation|table|database"):
        await main.scan(lambda tx: tx.all("SELECT * FROM deliveries"))


async def test_a_second_opening_finds_the_schema_and_the_rows(
    main: Database, stats: StatsService, clock: FakeClock
) -> None:
    await record(stats, delivery("set"))
    second = await open_beside(main)
    assert (await StatsService(second, clock, 14, most=ample).counts(ROLLOUT, START)).attempts == 1
    await second.close()
