"""A security key opens its slot: the same secret each time, and only that key for its owner."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import SecurityKeyBlocked, SecurityKeyUnavailable
from ecrin.vault.device.model import Notice
from ecrin.vault.errors import SlotRefused, VaultDamaged
from ecrin.vault.format import slots
from ecrin.vault.ports import Hold, Place
from ecrin.vault.slots.securitykey import SecurityKeySlot, party
from vault.conftest import GUARD, KEY, slot_of
from vault.securitykey.conftest import PIN, PLACE, Desk, Person

ELSEWHERE = """
import asyncio, json, sys
from ecrin.testing.authenticator import SoftAuthenticator
from vault.securitykey.conftest import Desk
from ecrin.vault.ports import Enrolled
from ecrin.vault.memory import SecretRoom
given = json.load(sys.stdin)
key = SoftAuthenticator(given["key"])
print(asyncio.run(Desk([key]).opened(Enrolled(given["params"], SecretRoom(32)))).hex())
"""


async def test_the_secret_is_32_bytes_and_the_same_each_time(desk: Desk) -> None:
    made, secret = await desk.enrolled()
    assert len(secret) == 32
    assert [await desk.opened(made) for _ in range(3)] == [secret] * 3


async def test_the_secret_is_the_same_in_another_process(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    given = json.dumps({"key": key.state, "params": dict(made.params)})
    tests = {"PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run([sys.executable, "-c", ELSEWHERE], input=given, env=tests, capture_output=True, text=True)
    assert found.stdout.strip() == secret.hex(), found.stderr


async def test_a_vault_key_is_wrapped_and_unwrapped_with_it(desk: Desk) -> None:
    made, secret = await desk.enrolled()
    slot = slot_of(secret, "security-key", id_=PLACE.slot_id, vault=PLACE.vault_id)
    out = bytearray(64)
    slots.unwrap(PLACE.vault_id, slot, await desk.opened(made), memoryview(out))
    assert out == KEY + GUARD


async def test_each_enrolment_has_a_secret_of_its_own(desk: Desk) -> None:
    assert (await desk.enrolled())[1] != (await desk.enrolled())[1]


async def test_the_params_are_json_and_hold_no_secret(desk: Desk) -> None:
    made, secret = await desk.enrolled()
    text = json.dumps(dict(made.params))
    assert sorted(made.params) == ["credential", "salt"]
    assert secret.hex() not in text
    assert made.shown == ""


async def test_enrolling_asks_for_the_pin_once_and_for_a_touch_twice(desk: Desk, key: SoftAuthenticator) -> None:
    person = Person(PIN)
    (await desk.slot.enrol(PLACE, person)).secret.close()
    assert (len(person.typed), key.touches) == (1, 2)
    assert set(person.notices) == {Notice.TOUCH_KEY}


async def test_opening_asks_for_the_pin_once_and_for_a_touch_once(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    person, before = Person(PIN), key.touches
    await desk.opened(made, person)
    assert (len(person.typed), key.touches - before) == (1, 1)


async def test_a_key_with_a_sensor_asks_for_no_pin(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    key.finger = True
    assert await desk.opened(made, person := Person()) == secret
    assert person.typed == []


async def test_a_strange_finger_is_refused(desk: Desk, key: SoftAuthenticator) -> None:
    made, _ = await desk.enrolled()
    key.finger = False
    with pytest.raises(SlotRefused):
        await desk.opened(made)


async def test_the_pin_that_was_typed_is_wiped(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    right, wrong = Person(PIN), Person("9999")
    await desk.opened(made, right)
    with pytest.raises(SlotRefused):
        await desk.opened(made, wrong)
    assert right.typed + wrong.typed == [bytearray(4), bytearray(4)]


async def test_a48_wrong_pins_are_counted_by_the_key_and_block_it_after_eight(
    desk: Desk, key: SoftAuthenticator
) -> None:
    made, _ = await desk.enrolled()
    errors = []
    for wrong in range(8):
        with pytest.raises((SlotRefused, SecurityKeyBlocked)) as caught:
            await desk.opened(made, Person(f"{wrong}{wrong}{wrong}9"))
        errors.append(type(caught.value))
        if errors[-1] is SecurityKeyBlocked:
            key.replug()
    assert errors == [SlotRefused, SlotRefused, SecurityKeyBlocked] * 2 + [SlotRefused, SecurityKeyBlocked]
    with pytest.raises(SecurityKeyBlocked):
        await desk.opened(made, Person(PIN))
    assert key.state["retries"] == 0


async def test_a_right_pin_takes_the_count_back(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    with pytest.raises(SlotRefused):
        await desk.opened(made, Person("9999"))
    assert key.state["retries"] == 7
    assert await desk.opened(made) == secret
    assert key.state["retries"] == 8


async def test_after_three_wrong_pins_the_hint_is_to_plug_the_key_in_anew(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    for _ in range(2):
        with pytest.raises(SlotRefused):
            await desk.opened(made, Person("9999"))
    with pytest.raises(SecurityKeyBlocked) as caught:
        await desk.opened(made, Person("9999"))
    assert "plug it in again" in caught.value.advice


async def test_without_a_key_there_is_nothing_to_open_with(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    desk.keys.clear()
    with pytest.raises(SecurityKeyUnavailable):
        await desk.opened(made)


async def test_another_key_is_noticed_before_anybody_types_a_pin_into_it(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    desk.keys[:] = [SoftAuthenticator(pin=PIN)]
    with pytest.raises(SecurityKeyUnavailable):
        await desk.opened(made, person := Person(PIN))
    assert (person.typed, desk.keys[0].touches) == ([], 0)


async def test_of_several_keys_the_right_one_is_found(desk: Desk, key: SoftAuthenticator) -> None:
    made, secret = await desk.enrolled()
    other = SoftAuthenticator(pin="5678")
    desk.keys[:] = [other, key]
    assert await desk.opened(made) == secret
    assert (other.touches, other.state["retries"]) == (0, 8)


async def test_an_app_of_another_name_does_not_get_the_secret(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    with pytest.raises(SecurityKeyUnavailable):
        await desk.opened(made, place=Place("com.example.other", PLACE.vault_id, PLACE.slot_id))


async def test_params_of_something_else_are_damage(desk: Desk) -> None:
    for params in ({}, {"credential": "AA", "salt": "?"}):
        with pytest.raises(VaultDamaged):
            await desk.slot.secret(PLACE, params, Person(PIN))


async def test_a_withdrawn_slot_leaves_nothing_on_the_key(desk: Desk, key: SoftAuthenticator) -> None:
    before = dict(key.state)
    made, _ = await desk.enrolled()
    await desk.slot.withdraw(PLACE, made.params)
    assert key.state.keys() == before.keys()


def test_hardware_holds_the_secret() -> None:
    assert SecurityKeySlot().hold({}) is Hold.HARDWARE


def test_the_party_is_the_app_id_backwards() -> None:
    assert party("com.Example.notes") == "notes.example.com"


async def test_a50_neither_pin_nor_secret_reaches_a_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    made, secret = await desk.enrolled()
    await desk.opened(made)
    with pytest.raises(SlotRefused) as caught:
        await desk.opened(made, Person("97531"))
    said = caplog.text + repr(caught.value) + repr(made)
    assert "fido2" in said
    assert [word for word in (PIN, "97531", secret.hex(), repr(secret)) if word in said] == []


def test_the_slot_is_imported_without_the_library_of_keys() -> None:
    code = "import sys, ecrin.vault.slots.securitykey; sys.exit('fido2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
