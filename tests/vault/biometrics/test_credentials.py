"""Credentials and texts that are kept: what gives them out, what ends them, and what a file on disk shows."""

import json
from pathlib import Path

import pytest

from ecrin.base.encoding import canonical_json
from ecrin.testing.device import FakeDeviceClock, simulated_platform
from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.biometrics.model import AccessControl, Credentials, VerifyOptions
from ecrin.vault.biometrics.service import Biometrics
from ecrin.vault.device.codes import CAPGO_BIOMETRIC, number_of
from ecrin.vault.device.errors import (
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    ItemMissing,
    ItemProtected,
    KeyStoreLocked,
    NotRecognized,
)
from ecrin.vault.device.linux.fprintd import Fprintd
from ecrin.vault.device.linux.secretservice import SecretService
from ecrin.vault.device.model import Permission, Strength
from ecrin.vault.device.ports import Platform
from ecrin.vault.errors import (
    GateOnly,
    InvalidConfig,
    SlotInvalidated,
    VaultDamaged,
    VaultKeyMissing,
    VaultNewer,
    VaultUnwritable,
)
from vault.fprint import Reader, User
from vault.secret_service import SecretServiceDaemon

APP, SERVER = "com.example.notes", "https://api.example.com"
ANNA = Credentials("anna", "correct horse é")
NONE, CURRENT_SET, ANY = AccessControl.NONE, AccessControl.CURRENT_SET, AccessControl.ANY
PROTECTED = pytest.mark.parametrize("access", [CURRENT_SET, ANY])


@pytest.fixture
def sensor() -> SimulatedSensor:
    return SimulatedSensor("mine")


@pytest.fixture
def clock() -> FakeDeviceClock:
    return FakeDeviceClock()


@pytest.fixture
def key_store() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def platform(tmp_path: Path, sensor: SimulatedSensor, clock: FakeDeviceClock, key_store: MemoryKeyStore) -> Platform:
    passcode = SimulatedPasscode("1234", asks_itself=True)
    return simulated_platform(tmp_path, clock=clock, key_store=key_store, sensor=sensor, passcode=passcode)


@pytest.fixture
def biometrics(platform: Platform) -> Biometrics:
    return Biometrics(APP, platform=platform)


async def keep(biometrics: Biometrics, access: AccessControl, validity_ms: int = 0, server: str = SERVER) -> None:
    await biometrics.set_credentials(
        server, ANNA.username, ANNA.password, access_control=access, validity_ms=validity_ms, gate_only=True
    )


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


async def test_what_is_kept_freely_comes_back_without_a_prompt(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, NONE)
    assert (await biometrics.get_credentials(SERVER), sensor.prompts) == (ANNA, [])


@PROTECTED
async def test_what_is_protected_comes_back_after_a_finger(
    tmp_path: Path, reader: Reader, secret_service: SecretServiceDaemon, access: AccessControl
) -> None:
    """With the real reader and the real key store."""
    reader.enrol("finger-A")
    platform = simulated_platform(tmp_path, sensor=Fprintd(reader.address), key_store=SecretService())
    await keep(Biometrics(APP, platform=platform), access)
    later = Biometrics(APP, platform=platform)
    found = await later.get_secure_credentials(SERVER, VerifyOptions(tell=User(reader, "finger-A")))
    assert found == ANNA


@PROTECTED
async def test_another_finger_gets_nothing(tmp_path: Path, reader: Reader, access: AccessControl) -> None:
    reader.enrol("finger-A")
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    await keep(biometrics, access)
    with pytest.raises(NotRecognized):
        await biometrics.get_secure_credentials(SERVER, VerifyOptions(tell=User(reader, "finger-B")))


async def test_a48_another_enrolment_ends_what_is_bound_to_the_set(tmp_path: Path, reader: Reader) -> None:
    reader.enrol("finger-A")
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    await keep(biometrics, CURRENT_SET)
    reader.enrol("finger-B", "left-thumb")
    user = User(reader, "finger-A")
    with pytest.raises(SlotInvalidated):
        await biometrics.get_secure_credentials(SERVER, VerifyOptions(tell=user))
    assert (user.heard, await biometrics.is_saved(SERVER)) == ([], False)


async def test_another_enrolment_does_not_end_what_any_finger_opens(tmp_path: Path, reader: Reader) -> None:
    reader.enrol("finger-A")
    biometrics = Biometrics(APP, platform=simulated_platform(tmp_path, sensor=Fprintd(reader.address)))
    await keep(biometrics, ANY)
    reader.enrol("finger-B", "left-thumb")
    found = await biometrics.get_secure_credentials(SERVER, VerifyOptions(tell=User(reader, "finger-B")))
    assert found == ANNA


async def test_a48_an_enrolment_during_the_prompt_ends_it_too(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET)

    def enrol(notice: object) -> None:
        sensor.enrol("another")
        sensor.touch("another")

    with pytest.raises(SlotInvalidated):
        await biometrics.get_secure_credentials(SERVER, VerifyOptions(tell=enrol))


async def test_a_last_finger_that_is_removed_ends_it_too(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET)
    sensor.remove("mine")
    with pytest.raises(SlotInvalidated):
        await biometrics.get_secure_credentials(SERVER)


async def test_a_sensor_out_of_reach_ends_nothing(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET)
    sensor.permission = Permission.DENIED
    sensor.remove("mine")  # as fprintd, which then does not say who is enrolled
    with pytest.raises(BiometricsUnavailable):
        await biometrics.get_secure_credentials(SERVER)
    assert await biometrics.is_saved(SERVER)


@PROTECTED
async def test_protection_by_a_gate_has_to_be_asked_for_by_name(biometrics: Biometrics, access: AccessControl) -> None:
    with pytest.raises(GateOnly):
        await biometrics.set_credentials(SERVER, "anna", "secret", access_control=access)
    assert not await biometrics.is_saved(SERVER)


@PROTECTED
async def test_nobody_enrolled_protects_nothing(
    biometrics: Biometrics, sensor: SimulatedSensor, access: AccessControl
) -> None:
    sensor.remove("mine")
    with pytest.raises(BiometricsNotEnrolled):
        await keep(biometrics, access)


@PROTECTED
async def test_what_is_protected_is_not_given_out_freely(biometrics: Biometrics, access: AccessControl) -> None:
    await keep(biometrics, access)
    with pytest.raises(ItemProtected):
        await biometrics.get_credentials(SERVER)


async def test_what_is_free_is_not_taken_for_protected(biometrics: Biometrics) -> None:
    await keep(biometrics, NONE)
    with pytest.raises(ItemMissing) as caught:
        await biometrics.get_secure_credentials(SERVER)
    assert number_of(caught.value, CAPGO_BIOMETRIC) == 21


async def test_a_passcode_does_not_open_what_a_finger_protects(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET)
    sensor.touch("other")
    with pytest.raises(NotRecognized):
        await biometrics.get_secure_credentials(SERVER, VerifyOptions(allow_device_credential=True))


async def test_a_sensor_weaker_than_wanted_opens_nothing(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, ANY)
    sensor.strength = Strength.WEAK
    with pytest.raises(BiometricsUnavailable):
        await biometrics.get_secure_credentials(SERVER, VerifyOptions(strength=Strength.STRONG))


async def read(biometrics: Biometrics, sensor: SimulatedSensor) -> int:
    """Read what is protected, by a finger if it is wanted; return how many prompts there were so far."""
    sensor.touch("mine")
    assert await biometrics.get_secure_credentials(SERVER) == ANNA
    return len(sensor.prompts)


async def test_every_read_asks_unless_there_is_a_validity(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET)
    assert [await read(biometrics, sensor) for _ in range(3)] == [1, 2, 3]


async def test_within_the_validity_nobody_is_asked_again(
    biometrics: Biometrics, sensor: SimulatedSensor, clock: FakeDeviceClock
) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    before = await read(biometrics, sensor)
    clock.advance(9_999)
    assert (before, await read(biometrics, sensor)) == (1, 1)


async def test_after_the_validity_somebody_is_asked_again(
    biometrics: Biometrics, sensor: SimulatedSensor, clock: FakeDeviceClock
) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    await read(biometrics, sensor)
    clock.advance(10_000)
    assert await read(biometrics, sensor) == 2


async def test_a_clock_that_is_set_back_makes_no_validity_longer(
    biometrics: Biometrics, sensor: SimulatedSensor, clock: FakeDeviceClock
) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    await read(biometrics, sensor)
    clock.advance(10_000)
    clock.set_wall(0)
    assert await read(biometrics, sensor) == 2


async def test_another_process_has_no_validity(
    biometrics: Biometrics, sensor: SimulatedSensor, platform: Platform
) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    await read(biometrics, sensor)
    assert await read(Biometrics(APP, platform=platform), sensor) == 2


async def test_the_validity_of_one_server_is_not_anothers(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, ANY, validity_ms=10_000)
    await keep(biometrics, ANY, validity_ms=10_000, server="other")
    await read(biometrics, sensor)
    sensor.touch("mine")
    await biometrics.get_secure_credentials("other")
    assert len(sensor.prompts) == 2


async def test_a_change_of_the_set_ends_a_validity(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    await read(biometrics, sensor)
    sensor.enrol("another")
    with pytest.raises(SlotInvalidated):
        await biometrics.get_secure_credentials(SERVER)


async def test_what_is_set_anew_is_asked_for_anew(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    await read(biometrics, sensor)
    await keep(biometrics, CURRENT_SET, validity_ms=10_000)
    assert await read(biometrics, sensor) == 2


async def test_a_validity_is_not_negative(biometrics: Biometrics) -> None:
    with pytest.raises(InvalidConfig):
        await keep(biometrics, ANY, validity_ms=-1)


async def test_a_failed_try_makes_no_validity(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await keep(biometrics, ANY, validity_ms=10_000)
    sensor.touch("other")
    with pytest.raises(NotRecognized):
        await biometrics.get_secure_credentials(SERVER)
    assert await read(biometrics, sensor) == 2


async def test_what_was_deleted_is_missing(biometrics: Biometrics) -> None:
    await keep(biometrics, NONE)
    await biometrics.delete_credentials(SERVER)
    with pytest.raises(ItemMissing):
        await biometrics.get_credentials(SERVER)


async def test_to_delete_what_is_not_there_is_no_error(biometrics: Biometrics) -> None:
    await biometrics.delete_credentials(SERVER)


@pytest.mark.parametrize("access", list(AccessControl))
async def test_it_tells_what_is_saved_without_a_prompt(
    biometrics: Biometrics, sensor: SimulatedSensor, access: AccessControl
) -> None:
    before = await biometrics.is_saved(SERVER)
    await keep(biometrics, access)
    assert (before, await biometrics.is_saved(SERVER), sensor.prompts) == (False, True, [])


async def test_what_is_set_anew_replaces_the_old_terms(biometrics: Biometrics) -> None:
    await keep(biometrics, CURRENT_SET)
    await keep(biometrics, NONE)
    assert await biometrics.get_credentials(SERVER) == ANNA


async def test_a_text_is_no_credential_of_the_same_name(biometrics: Biometrics) -> None:
    await biometrics.set_data(SERVER, "a text")
    assert not await biometrics.is_saved(SERVER)


async def test_a_text_comes_back(biometrics: Biometrics) -> None:
    await biometrics.set_data("token", "é" * 100_000)
    assert await biometrics.get_data("token") == "é" * 100_000


async def test_a_text_is_protected_as_credentials_are(biometrics: Biometrics, sensor: SimulatedSensor) -> None:
    await biometrics.set_data("token", "secret", access_control=CURRENT_SET, gate_only=True)
    sensor.touch("mine")
    assert await biometrics.get_secure_data("token") == "secret"


async def test_a_text_that_was_deleted_is_gone(biometrics: Biometrics) -> None:
    await biometrics.set_data("token", "secret")
    await biometrics.delete_data("token")
    assert not await biometrics.is_data_saved("token")


async def test_another_app_sees_nothing(biometrics: Biometrics, platform: Platform) -> None:
    await keep(biometrics, NONE)
    assert not await Biometrics("com.example.other", platform=platform).is_saved(SERVER)


async def test_a_locked_key_store_gives_nothing_out(biometrics: Biometrics, key_store: MemoryKeyStore) -> None:
    await keep(biometrics, NONE)
    key_store.locked = True
    with pytest.raises(KeyStoreLocked):
        await biometrics.get_credentials(SERVER)


async def test_a45_the_files_show_neither_names_nor_secrets(biometrics: Biometrics, tmp_path: Path) -> None:
    await keep(biometrics, CURRENT_SET)
    (file,) = files(tmp_path)
    shown = str(file).encode() + file.read_bytes()
    assert not [secret for secret in (b"anna", b"horse", b"example.com/", b"api.example") if secret in shown]


async def test_the_files_are_their_owners_alone(biometrics: Biometrics, tmp_path: Path) -> None:
    await keep(biometrics, NONE)
    (file,) = files(tmp_path)
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a45_a_copy_of_the_files_opens_nowhere_else(
    biometrics: Biometrics, platform: Platform, tmp_path: Path
) -> None:
    await keep(biometrics, NONE)
    elsewhere = Biometrics(APP, platform=simulated_platform(tmp_path))
    with pytest.raises(VaultKeyMissing):
        await elsewhere.get_credentials(SERVER)


@pytest.mark.parametrize("terms", [["none", "", 0], ["any", "", 0], ["current-set", "00", 0], ["current-set", "{}", 9]])
async def test_a46_terms_that_were_changed_in_the_file_open_nothing(
    biometrics: Biometrics, sensor: SimulatedSensor, tmp_path: Path, terms: list[object]
) -> None:
    """A file that says "unprotected", or "any finger", of a protected item does not open."""
    await keep(biometrics, CURRENT_SET)
    (file,) = files(tmp_path)
    line, kept, text = file.read_bytes().split(b"\n", 2)
    mark = json.loads(kept)[1]
    changed = canonical_json([mark if term == "{}" else term for term in terms])
    file.write_bytes(b"\n".join((line, changed, text)))
    sensor.touch("mine")
    get = biometrics.get_credentials if terms[0] == "none" else biometrics.get_secure_credentials
    with pytest.raises((VaultDamaged, SlotInvalidated)):
        await get(SERVER)


async def test_a46_two_files_that_were_swapped_do_not_open(biometrics: Biometrics, tmp_path: Path) -> None:
    await keep(biometrics, NONE)
    await keep(biometrics, NONE, server="other")
    one, other = files(tmp_path)
    texts = one.read_bytes(), other.read_bytes()
    other.write_bytes(texts[0])
    one.write_bytes(texts[1])
    with pytest.raises(VaultDamaged):
        await biometrics.get_credentials(SERVER)


async def test_a46_no_bit_of_a_file_can_be_changed(biometrics: Biometrics, tmp_path: Path) -> None:
    await keep(biometrics, NONE)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    opened = 0
    for at in range(len(whole)):
        file.write_bytes(whole[:at] + bytes((whole[at] ^ 1,)) + whole[at + 1 :])
        try:
            await biometrics.get_credentials(SERVER)
        except (VaultDamaged, VaultNewer, ItemProtected):
            continue
        opened += 1
    assert opened == 0


async def test_a50_credentials_are_not_printed() -> None:
    assert "anna" not in repr(ANNA) + str(ANNA)


async def test_a_file_of_a_newer_version_is_called_so(biometrics: Biometrics, tmp_path: Path) -> None:
    await keep(biometrics, NONE)
    (file,) = files(tmp_path)
    file.write_bytes(file.read_bytes().replace(b"ecrin sealed 1\n", b"ecrin sealed 2\n"))
    with pytest.raises(VaultNewer):
        await biometrics.get_credentials(SERVER)


async def test_what_cannot_be_written_leaves_no_draft_behind(biometrics: Biometrics, tmp_path: Path) -> None:
    """Not even root can rename over a folder."""
    await keep(biometrics, NONE)
    (file,) = files(tmp_path)
    file.unlink()
    file.mkdir()
    with pytest.raises(VaultUnwritable):
        await keep(biometrics, NONE)
    assert files(tmp_path) == []
