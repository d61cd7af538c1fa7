"""Which keys may open a vault: those that give their secret to their owner alone, and one at a time."""

import pytest

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import SecurityKeyUnavailable
from vault.securitykey.conftest import PIN, PLACE, Desk, Person


async def refused(*keys: SoftAuthenticator) -> SecurityKeyUnavailable:
    with pytest.raises(SecurityKeyUnavailable) as caught:
        await Desk(keys).slot.enrol(PLACE, Person(PIN))
    return caught.value


async def test_no_key_is_plugged_in() -> None:
    assert "plugged in" in str(await refused())


async def test_a_key_without_hmac_secret() -> None:
    assert "hmac-secret" in str(await refused(SoftAuthenticator(pin=PIN, extensions=[])))


async def test_a_key_without_a_pin_is_not_used_until_it_has_one() -> None:
    key = SoftAuthenticator()
    assert "Set a PIN" in (await refused(key)).advice
    assert key.touches == 0


async def test_two_keys_are_one_too_many() -> None:
    keys = [SoftAuthenticator(pin=PIN) for _ in range(2)]
    assert "Leave only the one" in (await refused(*keys)).advice
    assert [key.touches for key in keys] == [0, 0]


async def test_a_key_that_cannot_do_it_is_not_in_the_way_of_one_that_can() -> None:
    desk = Desk([SoftAuthenticator(pin=PIN, extensions=[]), SoftAuthenticator(pin=PIN)])
    made, secret = await desk.enrolled()
    assert await desk.opened(made) == secret


async def test_an_old_key_that_gives_its_secret_without_a_pin_is_refused() -> None:
    error = await refused(SoftAuthenticator(pin=PIN, versions=["FIDO_2_0"]))
    assert "without a PIN" in str(error)


async def test_an_old_key_whose_secret_needs_the_pin_is_as_good_as_a_new_one() -> None:
    desk = Desk([SoftAuthenticator(pin=PIN, versions=["FIDO_2_0", "FIDO_2_1_PRE"])])
    made, secret = await desk.enrolled()
    assert await desk.opened(made) == secret
