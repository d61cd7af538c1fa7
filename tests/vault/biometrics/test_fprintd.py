"""fprintd itself, with libfprint's virtual reader."""

import asyncio
from pathlib import Path

import pytest

from ecrin.crypto.profiles import CHEAPEST
from ecrin.testing.device import simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.vault.device.errors import (
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    NotRecognized,
    SystemCanceled,
)
from ecrin.vault.device.linux.bus import connected
from ecrin.vault.device.linux.fprintd import NAME, Fprintd
from ecrin.vault.device.model import Biometry, Notice, Permission, PromptTexts, Strength
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.service import Vault
from vault.fprint import Reader, User
from vault.stranger import NOBODY, as_user

TEXTS = PromptTexts()
TOUCH, RETRY = Notice.TOUCH_SENSOR, Notice.RETRY_TOUCH


@pytest.fixture
def sensor(reader: Reader) -> Fprintd:
    reader.enrol("finger-A")
    return Fprintd(reader.address)


async def waiting(sensor: Fprintd, user: User) -> "asyncio.Task[None]":
    """Start a check, and return once the reader waits for a finger."""
    ready = asyncio.Event()

    def tell(notice: Notice) -> None:
        user(notice)
        ready.set()

    task = asyncio.create_task(sensor.verify(TEXTS, tell))
    await asyncio.wait_for(ready.wait(), 20)
    return task


async def test_a_finger_that_is_enrolled_is_recognized(sensor: Fprintd, reader: Reader) -> None:
    user = User(reader, "finger-A")
    await sensor.verify(TEXTS, user)
    assert user.heard == [TOUCH]


async def test_another_finger_is_not_recognized(sensor: Fprintd, reader: Reader) -> None:
    with pytest.raises(NotRecognized):
        await sensor.verify(TEXTS, User(reader, "finger-B"))


async def test_a_touch_that_could_not_be_read_is_no_try(sensor: Fprintd, reader: Reader) -> None:
    user = User(reader, "RETRY 0", "RETRY 1", "RETRY 2", "RETRY 3", "finger-A")
    await sensor.verify(TEXTS, user)
    assert user.heard == [TOUCH, RETRY, RETRY, RETRY, RETRY]


async def test_a_second_finger_is_recognized_too(sensor: Fprintd, reader: Reader) -> None:
    reader.enrol("finger-C", "left-thumb")
    await sensor.verify(TEXTS, User(reader, "finger-C"))


async def test_a_reader_that_breaks_judges_nobody(sensor: Fprintd, reader: Reader) -> None:
    with pytest.raises(SystemCanceled):
        await sensor.verify(TEXTS, User(reader, "ERROR 0"))


async def test_nobody_is_asked_when_no_finger_is_enrolled(reader: Reader) -> None:
    user = User(reader)
    with pytest.raises(BiometricsNotEnrolled):
        await Fprintd(reader.address).verify(TEXTS, user)
    assert user.heard == []


async def test_a_check_that_is_cancelled_gives_the_reader_back(sensor: Fprintd, reader: Reader) -> None:
    task = await waiting(sensor, User(reader))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sensor.verify(TEXTS, User(reader, "finger-A"))


async def test_a_check_ends_when_fprintd_is_killed(sensor: Fprintd, reader: Reader) -> None:
    task = await waiting(sensor, User(reader))
    reader.kill()
    with pytest.raises(BiometricsUnavailable, match="ended"):
        await asyncio.wait_for(task, 20)


async def test_the_next_check_works_after_fprintd_was_killed(sensor: Fprintd, reader: Reader) -> None:
    task = await waiting(sensor, User(reader))
    reader.kill()
    await asyncio.wait([task], timeout=20)
    task.exception()
    reader.start()
    await sensor.verify(TEXTS, User(reader, "finger-A"))


async def test_a_reader_in_use_is_not_taken_away(sensor: Fprintd, reader: Reader) -> None:
    first = await waiting(sensor, User(reader))
    with pytest.raises(BiometricsUnavailable, match="Another program"):
        await sensor.verify(TEXTS, User(reader))
    reader.finger("finger-A")
    await first


async def test_a_vault_asks_for_the_passcode_while_another_program_uses_the_reader(
    sensor: Fprintd, reader: Reader, tmp_path: Path
) -> None:
    device = simulated_platform(tmp_path, key_store=MemoryKeyStore(), sensor=sensor)
    async with Vault("com.example.notes", platform=device, profile=CHEAPEST) as vault:
        await vault.initialize(VaultConfig(type=VaultType.CUSTOM_PASSCODE), "1234")
        await vault.add_slot("gate-biometrics")
        await vault.lock()
        vault.on_passcode_requested(lambda _: "1234")
        first = await waiting(sensor, User(reader))
        await vault.unlock()
        assert not await vault.is_locked()
    reader.finger("finger-A")
    await first


async def test_a_yes_that_another_process_signals_is_not_believed(sensor: Fprintd, reader: Reader) -> None:
    """Any process may send a signal to any connection: only fprintd's own word counts."""
    from dbus_fast import Message

    task = await waiting(sensor, User(reader))
    async with connected(reader.address) as liar:
        for number in range(100):  # it cannot know our connection's name, so it tries them all
            forged = Message.new_signal(
                "/net/reactivated/Fprint/Device/0", f"{NAME}.Device", "VerifyStatus", "sb", ["verify-match", True]
            )
            forged.destination = f":1.{number}"
            await liar.send(forged)
    reader.finger("finger-B")
    with pytest.raises(NotRecognized):
        await task


def test_a_user_whom_polkit_does_not_let_in_is_told_so(sensor: Fprintd, reader: Reader) -> None:
    assert as_user(NOBODY, "vault.biometrics.errands", "touch", reader.address) == "NotInteractive"


def test_the_state_tells_a_user_whom_polkit_does_not_let_in(sensor: Fprintd, reader: Reader) -> None:
    assert as_user(NOBODY, "vault.biometrics.errands", "permission", reader.address) == Permission.DENIED


async def test_the_state_says_what_a_reader_is(sensor: Fprintd) -> None:
    state = await sensor.state()
    assert (state.kinds, state.strength, state.permission, state.locked_out) == (
        {Biometry.FINGERPRINT},
        Strength.WEAK,
        Permission.GRANTED,
        False,
    )


async def test_nothing_enrolled_has_no_mark(reader: Reader) -> None:
    assert (await Fprintd(reader.address).state()).enrolled == b""


async def test_the_mark_stays_while_nothing_changes(sensor: Fprintd, reader: Reader) -> None:
    before = await sensor.state()
    await sensor.verify(TEXTS, User(reader, "finger-A"))
    assert await sensor.state() == before


async def test_another_finger_makes_another_mark(sensor: Fprintd, reader: Reader) -> None:
    before = await sensor.state()
    reader.enrol("finger-B", "left-thumb")
    assert (await sensor.state()).enrolled != before.enrolled


async def test_a_finger_that_is_deleted_makes_another_mark(sensor: Fprintd, reader: Reader) -> None:
    reader.enrol("finger-B", "left-thumb")
    before = await sensor.state()
    reader.forget("root", "left-thumb")
    assert (await sensor.state()).enrolled not in {b"", before.enrolled}


async def test_without_fprintd_there_is_no_sensor(bus: str) -> None:
    with pytest.raises(BiometricsUnavailable, match="does not answer"):
        await Fprintd(bus).state()


async def test_without_a_bus_there_is_no_sensor(tmp_path: object) -> None:
    with pytest.raises(BiometricsUnavailable, match="does not answer"):
        await Fprintd(f"unix:path={tmp_path}/none").state()


async def test_an_enrolment_is_noticed(sensor: Fprintd, reader: Reader) -> None:
    noticed = asyncio.Event()
    stop = await sensor.watch(noticed.set)
    await asyncio.to_thread(reader.enrol, "finger-B", "left-thumb")
    await asyncio.wait_for(noticed.wait(), 20)
    stop()


async def test_who_stops_watching_hears_no_more(sensor: Fprintd, reader: Reader) -> None:
    silent, noticed = asyncio.Event(), asyncio.Event()
    (await sensor.watch(silent.set))()
    stop = await sensor.watch(noticed.set)
    await asyncio.to_thread(reader.enrol, "finger-B", "left-thumb")
    await asyncio.wait_for(noticed.wait(), 20)
    stop()
    assert not silent.is_set()
