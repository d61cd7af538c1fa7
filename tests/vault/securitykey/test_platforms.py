"""Keys as they are found: on USB by default, by Windows's own API where there is one, and some that are odd."""

import asyncio
import sys
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from fido2 import cbor
from fido2.client import DefaultClientDataCollector
from fido2.ctap import STATUS, CtapError
from fido2.ctap2.base import Ctap2

from ecrin.testing.authenticator import SoftAuthenticator
from ecrin.vault.device.errors import DeviceError, SecurityKeyUnavailable, UserCanceled
from ecrin.vault.slots import fido_windows
from ecrin.vault.slots.fido_talk import Talk
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
    ("code", "error", "says"),
    [
        (0x80090036, UserCanceled, "cancelled"),  # NTE_USER_CANCELLED (winerror.h, as the others)
        (0x80090036 - 2**32, UserCanceled, "cancelled"),
        (0x800704C7, UserCanceled, "cancelled"),  # ERROR_CANCELLED
        (0x800705B4, UserCanceled, "Nobody touched"),  # ERROR_TIMEOUT
        (0x80090011, SecurityKeyUnavailable, "no secret for this vault"),  # NTE_NOT_FOUND
        (0x80090035, SecurityKeyUnavailable, "plugged in"),  # NTE_DEVICE_NOT_FOUND
        (0x80070032, SecurityKeyUnavailable, "cannot do it"),  # ERROR_NOT_SUPPORTED
        (0x80090029, SecurityKeyUnavailable, "cannot do it"),  # NTE_NOT_SUPPORTED
        (0x80070005, DeviceError, "0x80070005"),  # E_ACCESSDENIED
        (None, DeviceError, "0x00000000"),
    ],
)
def test_errors_of_windows(code: int | None, error: type[DeviceError], says: str) -> None:
    raised = OSError("the parameter is incorrect")
    raised.winerror = code  # type: ignore[attr-defined]
    ours = fido_windows.refusal(raised)
    assert type(ours) is error
    assert says in str(ours)


async def test_what_waits_for_a_call_that_is_over_waits_no_more() -> None:
    talk = Talk(Person(), asyncio.get_running_loop())
    waiting = [Thread(target=talk.turn().wait, daemon=True) for _ in range(2)]  # as python-fido2 does on Windows
    for thread in waiting:
        thread.start()
    talk.close()
    for thread in waiting:
        thread.join(20)
    assert not any(thread.is_alive() for thread in waiting)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has it")
def test_elsewhere_there_is_no_client_of_windows() -> None:
    assert fido_windows.client(DefaultClientDataCollector("https://notes.example.com")) is None
