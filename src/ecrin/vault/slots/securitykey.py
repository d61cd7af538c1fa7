"""A security key as a way in: FIDO2's hmac-secret, the PRF extension of WebAuthn, for its owner's PIN or finger.

The key itself counts wrong PINs and blocks after eight, whichever program tried them; so a try is not counted in the
file too. The relying party is the app's id read as a domain, `com.example.notes` as `notes.example.com`: pages of that
domain can use the same credential. It is taken from the place and never from the params: a file that was changed must
not get an answer for another party.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ecrin.base.encoding import b64url, unb64url
from ecrin.errors import InvalidRequest
from ecrin.vault.errors import VaultDamaged
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asking, Enrolled, Hold, Params, Place
from ecrin.vault.threads import in_thread

if TYPE_CHECKING:  # python-fido2 takes a tenth of a second to import
    from ecrin.vault.slots.fido import Find, Keys
    from ecrin.vault.slots.fido_talk import Talk

SECRET = 32  # bytes
T = TypeVar("T")


class SecurityKeySlot:
    """A slot whose secret is the PRF of a credential, under a salt that is kept in the file.

    `find` returns the keys that are connected, opened, as python-fido2's `CtapDevice`s; by default those on USB, and on
    Windows those of its own WebAuthn API. A reader for NFC is for another `find`.
    """

    kind = "security-key"

    def __init__(self, find: "Find | None" = None) -> None:
        self._find = find

    def hold(self, params: Params) -> Hold:
        """Return that hardware holds the secret."""
        return Hold.HARDWARE

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Make a credential on the one key that is plugged in: asks for its PIN, and twice for a touch.

        Raises `SecurityKeyUnavailable`, `SecurityKeyBlocked`, `SlotRefused` for another PIN, `UserCanceled`.
        """
        room = SecretRoom(SECRET)
        credential, salt = await self._run(place, asking, room, lambda keys: keys.enrol(place.slot_id, room.view))
        return Enrolled({"credential": b64url(credential), "salt": b64url(salt)}, room)

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Return the secret, from the key that was enrolled: asks for its PIN, if it has no other way, and for a touch.

        Raises as `enrol`; if another key is plugged in, before anybody is asked for a PIN.
        """
        credential, salt = _bytes(params, "credential"), _bytes(params, "salt")
        room = SecretRoom(SECRET)
        await self._run(place, asking, room, lambda keys: keys.evaluate(credential, salt, room.view))
        return room

    async def withdraw(self, place: Place, params: Params) -> None:
        """Do nothing: the credential is not kept on the key but made of its id, which goes with the slot."""

    async def _run(self, place: Place, asking: Asking, room: SecretRoom, work: "Callable[[Keys], T]") -> T:
        """Return what `work` returns, from a thread; cancelling the task cancels what the key waits for."""
        talk = None
        try:
            keys, talks = await in_thread(_library)
            talk = talks(asking, asyncio.get_running_loop())
            return await in_thread(lambda: work(keys(self._find, party(place.app_id), talk)), stop=talk.stop)
        except BaseException:
            room.close()
            raise
        finally:
            if talk is not None:
                talk.close()


def party(app_id: str) -> str:
    """Return the domain that an app's id is, written backwards, in small letters."""
    return ".".join(reversed(app_id.lower().split(".")))


def _library() -> "tuple[type[Keys], type[Talk]]":
    from ecrin.vault.slots.fido import Keys
    from ecrin.vault.slots.fido_talk import Talk

    return Keys, Talk


def _bytes(params: Params, name: str) -> bytes:
    try:
        return unb64url(str(params[name]))
    except (KeyError, InvalidRequest):
        raise VaultDamaged("A security key's slot has other params.") from None
