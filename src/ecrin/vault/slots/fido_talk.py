"""The talk with a person while a security key waits: from the thread that blocks, with the loop that asks; and errors.

The key counts wrong PINs itself and blocks after eight (CTAP 2.1 §6.5), so nothing is counted here.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from threading import Event

from fido2.client import ClientError, PinRequiredError, UserInteraction
from fido2.ctap import CtapError
from fido2.ctap2.pin import ClientPin
from fido2.hid import ConnectionFailure

from ecrin.errors import EcrinError
from ecrin.vault.device.errors import (
    AppCanceled,
    DeviceError,
    SecurityKeyBlocked,
    SecurityKeyUnavailable,
    UserCanceled,
)
from ecrin.vault.device.model import Notice
from ecrin.vault.errors import SlotRefused
from ecrin.vault.ports import Asked, Asking
from ecrin.vault.slots import fido_windows

_ERR = CtapError.ERR
_SET_UP = "Set a PIN or enrol a finger on it, in the settings of the system or with its maker's program."
_REPLUG = "Take it out, plug it in again, and try the right PIN; after eight wrong ones it has to be reset."


class Talk(UserInteraction):
    """One call's talk: the PIN is asked for once. `stop` is for the loop's thread, all else for the other one."""

    def __init__(self, asking: Asking, loop: asyncio.AbstractEventLoop) -> None:
        self._asking = asking
        self._loop = loop
        self._pin = bytearray()
        self._question: Future[bytearray] | None = None
        self._stopped = False
        self._turn = Event()
        self.failure: Exception | None = None  # of who was asked, and not of a key

    def turn(self) -> Event:
        """Return what ends the next call of the client; a new one for each, as Windows's client sets it at the end.

        The old one is set too: after a call that failed, that client leaves a thread behind which waits for it.
        """
        self._turn.set()
        self._turn = Event()
        if self._stopped:
            self._turn.set()
        return self._turn

    def stop(self) -> None:
        """End whatever waits."""
        self._stopped = True
        self._turn.set()
        if self._question is not None:
            self._question.cancel()

    def prompt_up(self) -> None:
        """Say that the key waits for a touch."""
        self._loop.call_soon_threadsafe(self._asking.tell, Notice.TOUCH_KEY)

    def request_pin(self, permissions: ClientPin.PERMISSION, rp_id: str | None) -> str:
        """Return the PIN, as a text because python-fido2 wants one: this copy cannot be wiped, `close` wipes ours."""
        if not self._pin:
            self._pin = self._asked()
        return self._pin.decode()

    def close(self) -> None:
        """Wipe the PIN, and let nothing wait any more."""
        self._turn.set()
        self._pin[:] = bytes(len(self._pin))

    def _asked(self) -> bytearray:
        self._question = asyncio.run_coroutine_threadsafe(_ask(self._asking), self._loop)
        if self._stopped:  # before there was a question to cancel
            self._question.cancel()
        try:
            return self._question.result()
        except CancelledError:
            raise AppCanceled from None
        except Exception as error:
            self.failure = error
            raise


async def _ask(asking: Asking) -> bytearray:
    return await asking.secret(Asked.PIN)


@contextmanager
def told(talk: Talk) -> Iterator[None]:
    """Raise our errors for those of the keys; those of who was asked for the PIN stay as they are."""
    try:
        yield
    except ClientError as error:
        raise _refusal(error) from None
    except CtapError as error:
        raise _of_key(error.code) from None
    except (OSError, ConnectionFailure) as error:
        if error is talk.failure:
            raise
        raise SecurityKeyUnavailable("The security key does not answer any more.") from None


def _refusal(error: ClientError) -> EcrinError:
    if isinstance(error, PinRequiredError):
        return UserCanceled()
    if isinstance(error.cause, CtapError):
        return _of_key(error.cause.code)
    if isinstance(error.cause, OSError):
        return fido_windows.refusal(error.cause)
    if error.code == ClientError.ERR.CONFIGURATION_UNSUPPORTED:
        return SecurityKeyUnavailable("The security key does not know its owner yet.", hint=_SET_UP)
    return DeviceError(f"The security key cannot do it: {error.code.name}.")


def _of_key(code: CtapError.ERR) -> EcrinError:
    match code:
        case _ERR.PIN_INVALID:
            return SlotRefused("The PIN of the security key is another; it counts the tries.")
        case _ERR.UV_INVALID:
            return SlotRefused("The security key does not know the finger; it counts the tries.")
        case _ERR.PIN_AUTH_BLOCKED:
            return SecurityKeyBlocked(
                "After three wrong PINs in a row the key has to be plugged in anew.", hint=_REPLUG
            )
        case _ERR.PIN_BLOCKED | _ERR.UV_BLOCKED:
            return SecurityKeyBlocked()
        case _ERR.PIN_NOT_SET | _ERR.PIN_POLICY_VIOLATION:
            return SecurityKeyUnavailable("The security key wants a new PIN first.", hint=_SET_UP)
        case _ERR.NO_CREDENTIALS:
            return SecurityKeyUnavailable("The security key has no secret for this vault.")
        case _ERR.USER_ACTION_TIMEOUT | _ERR.ACTION_TIMEOUT:
            return UserCanceled("Nobody touched the security key.")
        case _ERR.OPERATION_DENIED | _ERR.KEEPALIVE_CANCEL:
            return UserCanceled()
    return DeviceError(f"The security key cannot do it: {code.name}.")
