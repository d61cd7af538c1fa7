"""A recovery code ("Recovery" in docs/specs/vault-format.md): written down once, for the day nothing else opens.

It has 140 random bits, so nobody guesses it and no try is counted. What was mistyped is told by the code itself;
whether it is the code of this vault only the vault key tells, which it unwraps or not.
"""

from ecrin.crypto.kdf import derive_into
from ecrin.vault.memory import SecretRoom
from ecrin.vault.ports import Asked, Asking, Enrolled, Hold, Params, Place
from ecrin.vault.slots import recovery_code

SECRET = 32  # bytes


class RecoverySlot:
    """A slot whose secret is HKDF-SHA256 of the code."""

    kind = "recovery"

    def hold(self, params: Params) -> Hold:
        """Return that a code holds the secret."""
        return Hold.CODE

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Draw a code, which is shown this once and kept nowhere."""
        code = recovery_code.draw()
        shown = recovery_code.grouped(code)
        return Enrolled({}, _secret(place, code), shown)

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Ask for the code; raises `CodeMistyped`. The code of another vault makes just another secret."""
        typed = await asking.secret(Asked.RECOVERY_CODE)
        try:
            code = recovery_code.read(typed)
        finally:
            typed[:] = bytes(len(typed))
        return _secret(place, code)

    async def withdraw(self, place: Place, params: Params) -> None:
        """Do nothing: the code is on paper."""


def _secret(place: Place, code: bytearray) -> SecretRoom:
    """Return the secret of a code in one place, and wipe the code."""
    room = SecretRoom(SECRET)
    derive_into(code, place.vault_id, b"ecrin recovery 1" + place.slot_id, room.view)
    code[:] = bytes(len(code))
    return room
