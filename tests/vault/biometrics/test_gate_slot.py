"""Gate-only slots: the real reader, real passcodes, and a key store that gives nothing out before them."""

import pytest

from ecrin.testing.keystore import MemoryKeyStore
from ecrin.testing.sensor import SimulatedPasscode, SimulatedSensor
from ecrin.vault.device.errors import (
    BiometricsNotEnrolled,
    BiometricsUnavailable,
    DevicePasscodeNotSet,
    ItemMissing,
    UserCanceled,
)
from ecrin.vault.device.linux.fprintd import Fprintd
from ecrin.vault.device.linux.pam import PamPasscode
from ecrin.vault.device.model import Notice, Permission, PromptTexts
from ecrin.vault.device.ports import Tell
from ecrin.vault.errors import SlotInvalidated, SlotRefused, TryLater
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asked, Hold, Place
from ecrin.vault.slots.gate import GateSlot
from ecrin.vault.slots.keystore import KeyStoreKey
from vault.biometrics.conftest import Account
from vault.fprint import Reader, User

PLACE = Place("com.example.notes", b"v" * 16, b"s" * 16)
TOUCH, AGAIN = Notice.TOUCH_SENSOR, Notice.NOT_RECOGNIZED


class WatchedKeyStore(MemoryKeyStore):
    """Counts what was read from it."""

    reads = 0

    async def get(self, service: str, item: str) -> SecretRoom | None:
        self.reads += 1
        return await super().get(service, item)


class Somebody:
    """Who is asked (`Asking`): types `passcode`, and `tell` is shown the notices. The tries are counted."""

    def __init__(self, tell: Tell = lambda _: None, passcode: str = "", may_try: int = 99) -> None:
        self.texts = PromptTexts("Open the notes")
        self.tell = tell
        self.tries = 0
        self.typed = bytearray(passcode.encode())
        self.asked: list[Asked] = []
        self._may_try = may_try

    async def secret(self, asked: Asked) -> bytearray:
        self.asked.append(asked)
        return self.typed

    async def trying(self, *, seen: bool = False) -> None:
        if self.tries == self._may_try:
            raise TryLater(1000)
        self.tries += 1


@pytest.fixture
def key_store() -> WatchedKeyStore:
    return WatchedKeyStore()


@pytest.fixture
def sensor() -> SimulatedSensor:
    return SimulatedSensor("mine")


@pytest.fixture
def slot(key_store: WatchedKeyStore, sensor: SimulatedSensor) -> GateSlot:
    return GateSlot("gate-biometrics", KeyStoreKey(key_store), sensor)


@pytest.fixture
def at_reader(key_store: WatchedKeyStore, reader: Reader) -> GateSlot:
    reader.enrol("finger-A")
    return GateSlot("gate-biometrics", KeyStoreKey(key_store), Fprintd(reader.address))


async def opened(slot: GateSlot, params: object, asking: Somebody) -> bytes:
    room = await slot.secret(PLACE, params, asking)  # type: ignore[arg-type]
    found = bytes(room.view)
    room.close()
    return found


async def test_a_finger_gives_the_secret_that_was_enrolled(at_reader: GateSlot, reader: Reader) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    found = await opened(at_reader, made.params, Somebody(User(reader, "finger-A")))
    assert found == bytes(made.secret.view)


async def test_another_finger_reads_nothing_from_the_key_store(
    at_reader: GateSlot, reader: Reader, key_store: WatchedKeyStore
) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    with pytest.raises(SlotRefused, match="finger or the face was not recognized"):
        await opened(at_reader, made.params, Somebody(User(reader, *["finger-B"] * 3)))
    assert key_store.reads == 0


async def test_the_third_touch_may_open(at_reader: GateSlot, reader: Reader) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    user = User(reader, "finger-B", "finger-B", "finger-A")
    await opened(at_reader, made.params, Somebody(user))
    assert user.heard == [TOUCH, AGAIN, TOUCH, AGAIN, TOUCH]


async def test_every_touch_is_counted_before_it(at_reader: GateSlot, reader: Reader) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    somebody = Somebody(User(reader, "finger-B", "finger-B", "finger-A"))
    await opened(at_reader, made.params, somebody)
    assert somebody.tries == 3


async def test_a_touch_that_has_to_wait_is_not_asked_for(at_reader: GateSlot, reader: Reader) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    user = User(reader, "finger-B", "finger-A")
    with pytest.raises(TryLater):
        await opened(at_reader, made.params, Somebody(user, may_try=1))
    assert user.heard == [TOUCH, AGAIN]


async def test_a48_another_enrolment_ends_the_slot(
    at_reader: GateSlot, reader: Reader, key_store: WatchedKeyStore
) -> None:
    made = await at_reader.enrol(PLACE, Somebody())
    reader.enrol("finger-B", "left-thumb")
    with pytest.raises(SlotInvalidated):
        await opened(at_reader, made.params, Somebody(User(reader, "finger-B")))
    assert key_store.reads == 0


async def test_a48_an_enrolment_during_the_prompt_ends_the_slot(
    slot: GateSlot, sensor: SimulatedSensor, key_store: WatchedKeyStore
) -> None:
    made = await slot.enrol(PLACE, Somebody())

    def enrol(notice: Notice) -> None:
        sensor.enrol("another")
        sensor.touch("another")

    with pytest.raises(SlotInvalidated):
        await opened(slot, made.params, Somebody(enrol))
    assert key_store.reads == 0


async def test_params_without_a_mark_open_nothing(slot: GateSlot, sensor: SimulatedSensor) -> None:
    await slot.enrol(PLACE, Somebody())
    sensor.touch("mine")
    with pytest.raises(SlotInvalidated):
        await opened(slot, {}, Somebody())


async def test_a_sensor_out_of_reach_is_no_change(slot: GateSlot, sensor: SimulatedSensor) -> None:
    made = await slot.enrol(PLACE, Somebody())
    sensor.permission = Permission.DENIED
    sensor.remove("mine")
    with pytest.raises(BiometricsUnavailable):
        await opened(slot, made.params, Somebody())


async def test_a_cancellation_is_told_apart_from_a_failure(slot: GateSlot, sensor: SimulatedSensor) -> None:
    made = await slot.enrol(PLACE, Somebody())
    sensor.end(UserCanceled())
    with pytest.raises(UserCanceled):
        await opened(slot, made.params, Somebody())


async def test_the_words_of_the_app_reach_the_prompt(slot: GateSlot, sensor: SimulatedSensor) -> None:
    made = await slot.enrol(PLACE, Somebody())
    sensor.touch("mine")
    await opened(slot, made.params, Somebody())
    assert [texts.title for texts in sensor.prompts] == ["Open the notes"]


async def test_a_slot_needs_somebody_enrolled(slot: GateSlot, sensor: SimulatedSensor) -> None:
    sensor.remove("mine")
    with pytest.raises(BiometricsNotEnrolled):
        await slot.enrol(PLACE, Somebody())


async def test_a_key_that_is_gone_is_named(slot: GateSlot, sensor: SimulatedSensor) -> None:
    made = await slot.enrol(PLACE, Somebody())
    await slot.withdraw(PLACE, made.params)
    sensor.touch("mine")
    with pytest.raises(ItemMissing):
        await opened(slot, made.params, Somebody())


async def test_nothing_is_left_in_the_key_store_after_a_withdrawal(slot: GateSlot, key_store: WatchedKeyStore) -> None:
    made = await slot.enrol(PLACE, Somebody())
    await slot.withdraw(PLACE, made.params)
    assert key_store.items == set()


async def test_the_right_device_passcode_opens(key_store: WatchedKeyStore, account: Account) -> None:
    slot = GateSlot("gate-passcode", KeyStoreKey(key_store), PamPasscode(account.service, account.name))
    made = await slot.enrol(PLACE, Somebody())
    somebody = Somebody(passcode=account.passcode)
    found = await opened(slot, made.params, somebody)
    assert (found, somebody.asked) == (bytes(made.secret.view), [Asked.DEVICE_PASSCODE])


async def test_a_wrong_device_passcode_is_refused_and_counted(key_store: WatchedKeyStore, account: Account) -> None:
    slot = GateSlot("gate-passcode", KeyStoreKey(key_store), PamPasscode(account.service, account.name))
    made = await slot.enrol(PLACE, Somebody())
    somebody = Somebody(passcode="wrong")
    with pytest.raises(SlotRefused, match="not the passcode of this device"):
        await opened(slot, made.params, somebody)
    assert (somebody.tries, key_store.reads) == (1, 0)


@pytest.mark.parametrize("may_try", [1, 0])
async def test_what_was_typed_is_wiped(key_store: WatchedKeyStore, may_try: int) -> None:
    slot = GateSlot("gate-passcode", KeyStoreKey(key_store), SimulatedPasscode("1234"))
    made = await slot.enrol(PLACE, Somebody())
    somebody = Somebody(passcode="1234", may_try=may_try)
    if may_try:
        await opened(slot, made.params, somebody)
    else:
        with pytest.raises(TryLater):
            await opened(slot, made.params, somebody)
    assert somebody.typed == bytes(4)


async def test_a_system_with_a_prompt_of_its_own_is_not_given_a_passcode(key_store: WatchedKeyStore) -> None:
    slot = GateSlot("gate-passcode", KeyStoreKey(key_store), SimulatedPasscode("1234", asks_itself=True))
    made = await slot.enrol(PLACE, Somebody())
    somebody = Somebody()
    await opened(slot, made.params, somebody)
    assert somebody.asked == []


async def test_a_slot_needs_a_device_passcode(key_store: WatchedKeyStore) -> None:
    with pytest.raises(DevicePasscodeNotSet):
        await GateSlot("gate-passcode", KeyStoreKey(key_store), SimulatedPasscode()).enrol(PLACE, Somebody())


@pytest.mark.parametrize("kind", ["gate-biometrics", "gate-passcode"])
def test_a_gate_is_called_a_gate(kind: str) -> None:
    assert GateSlot(kind, KeyStoreKey(MemoryKeyStore()), SimulatedPasscode()).hold({}) is Hold.GATE_ONLY


def test_there_is_no_other_gate() -> None:
    with pytest.raises(ValueError, match="no gate"):
        GateSlot("gate-dream", KeyStoreKey(MemoryKeyStore()), SimulatedPasscode())
