"""Keys as they are found: on USB by default, by Windows's own API where there is one, and some that are odd."""

import sys
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from fido2 import cbor
from fido2.client import DefaultClientDataCollector
from fido2.ctap import STATUS, CtapError
from fido2.ctap2.base import Ctap2

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import DeviceError, SecurityKeyUnavailable, UserCanceled
from ecrin.vault.slots import fido_windows
from ecrin.vault.slots.securitykey import SecurityKeySlot
from vault.securitykey.conftest import PIN, PLACE, Desk, Person


class Silent(SoftAuthenticator):
    """A key that says nothing about its credentials before it has the PIN."""

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[STATUS], None] | None = None,
    ) -> bytes:
        message: Any = cbor.decode(data[1:]) if len(data) > 1 else {}
        if data[0] == Ctap2.CMD.GET_ASSERTION and 6 not in message:
            return bytes([CtapError.ERR.PUAT_REQUIRED])
        return super().call(cmd, data, event, on_keepalive)


async def test_a_key_that_does_not_say_what_it_has_is_tried() -> None:
    desk = Desk([Silent(pin=PIN)])
    made, secret = await desk.enrolled()
    assert await desk.opened(made) == secret


async def test_a_key_that_does_not_say_what_it_has_is_not_preferred_to_one_that_does(key: SoftAuthenticator) -> None:
    desk = Desk([key])
    made, secret = await desk.enrolled()
    desk.keys.insert(0, Silent(pin=PIN))
    assert await desk.opened(made) == secret


async def test_of_a_key_that_says_it_late_nothing_comes() -> None:
    made, _ = await Desk([SoftAuthenticator(pin=PIN)]).enrolled()
    with pytest.raises(SecurityKeyUnavailable, match="has no secret"):
        await Desk([Silent(pin=PIN)]).opened(made)


async def test_by_default_keys_are_looked_for_on_usb(desk: Desk) -> None:
    made, _ = await desk.enrolled()
    with pytest.raises(SecurityKeyUnavailable):
        await SecurityKeySlot().secret(PLACE, made.params, Person(PIN))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (0x80090036, UserCanceled),
        (0x80090036 - 2**32, UserCanceled),
        (0x800704C7, UserCanceled),
        (0x80090011, SecurityKeyUnavailable),
        (0x80070005, DeviceError),
        (None, DeviceError),
    ],
)
def test_errors_of_windows(code: int | None, error: type[DeviceError]) -> None:
    raised = OSError("the parameter is incorrect")
    raised.winerror = code  # type: ignore[attr-defined]
    assert type(fido_windows.refusal(raised)) is error


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_elsewhere_there_is_no_client_of_windows() -> None:
    assert fido_windows.client(DefaultClientDataCollector("https://notes.example.com")) is None
