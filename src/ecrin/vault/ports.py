"""What a vault needs from outside: ways to open it, somebody to ask, and a mark outside of its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.model import Notice, PromptTexts
from ecrin.vault.memory import SecretRoom

Params = Mapping[str, Any]  # JSON, stored in the clear and bound to the slot: never a secret


class Hold(StrEnum):
    """What holds a slot's secret: what a thief of the file needs besides."""

    HARDWARE = "hardware"  # a chip or a security key gives it out, after its own check
    KEY_STORE = "key-store"  # the system's key store gives it to any process of this user
    PASSCODE = "passcode"  # only what somebody knows, at the price of Argon2id
    PASSCODE_AND_KEY_STORE = "passcode+key-store"
    PASSCODE_AND_HARDWARE = "passcode+hardware"
    CODE = "code"  # a recovery code that nobody can guess
    GATE_ONLY = "gate-only"  # as KEY_STORE, behind a yes or no
    UNKNOWN = "unknown"  # of a kind that this device does not have


class Asked(StrEnum):
    """What a person is asked for."""

    PASSCODE = "passcode"
    NEW_PASSCODE = "new-passcode"
    PIN = "pin"  # of a security key
    DEVICE_PASSCODE = "device-passcode"
    RECOVERY_CODE = "recovery-code"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot is: what its secret is bound to."""

    app_id: str
    vault_id: bytes
    slot_id: bytes

    @property
    def item(self) -> str:
        """The name of this slot's item in a key store."""
        return f"vault {self.vault_id.hex()} slot {self.slot_id.hex()}"


class Asking(Protocol):
    """Somebody to ask; the vault makes one for each try."""

    texts: PromptTexts

    async def secret(self, asked: Asked) -> bytearray:
        """Return what a person typed, as UTF-8 of its NFKC form, for the caller to wipe.

        Raises `PasscodeMissing` if nobody can be asked, `UserCanceled`.
        """
        ...

    async def trying(self, *, seen: bool = False) -> None:
        """Say that a guess is about to be tried: it is counted on disk before this returns.

        `seen`: the device judges it, so that whoever breaks it off may know the answer all the same. Raises `TryLater`
        or `TooManyAttempts`: then it must not be tried.
        """
        ...

    def tell(self, notice: Notice) -> None:
        """Show a notice; nothing is answered."""
        ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A new slot's secret (32 bytes or more), its params, and what only its owner may see, once (a recovery code)."""

    params: Params
    secret: SecretRoom
    shown: str = ""

    def __repr__(self) -> str:
        return "Enrolled(…)"


class Opener(Protocol):
    """One kind of slot. It holds no state: what it needs to know of a slot is in its params."""

    kind: str

    def hold(self, params: Params) -> Hold:
        """Return what holds the secret of a slot with these params."""
        ...

    async def enrol(self, place: Place, asking: Asking) -> Enrolled:
        """Make a new secret and keep it (or what leads to it) outside of the file."""
        ...

    async def secret(self, place: Place, params: Params, asking: Asking) -> SecretRoom:
        """Return the slot's secret, after whatever the kind asks for; the caller closes the room.

        Raises `SlotRefused` for a guess that failed (after `asking.trying`), `SlotInvalidated`, an error of the device.
        Where a wrong guess cannot be told from a right one here, the secret is just another one.
        """
        ...

    async def withdraw(self, place: Place, params: Params) -> None:
        """Remove what was kept outside of the file; what is not there is no error."""
        ...


class DeviceKey(Protocol):
    """A secret that this device gives out and that a copied file lacks; a passcode is bound to one.

    `auth` (32 bytes, or none) is checked by those that can: a chip refuses a wrong one and counts it.
    """

    hold: Hold

    async def create(self, place: Place, auth: Buffer) -> tuple[Params, SecretRoom]:
        """Make a secret of 32 bytes; return the params that lead to it, and the secret."""
        ...

    async def load(self, place: Place, params: Params, auth: Buffer) -> SecretRoom:
        """Return the secret; raises `SlotRefused` for another `auth` where that is checked, errors of the device."""
        ...

    async def remove(self, place: Place, params: Params) -> None:
        """Remove what is kept outside of the file; what is not there is no error."""
        ...


MAX_MARK = 2**63 - 1


class Anchor(Protocol):
    """A mark outside of the file that only grows: the file says which mark it has reached (docs/specs/vault-format.md).

    A mark is 0 to `MAX_MARK`. Raises errors of the device.
    """

    kind: str

    async def create(self, app_id: str, vault_id: bytes) -> tuple[Params, int]:
        """Make the mark; return its params and what it stands at."""
        ...

    async def read(self, app_id: str, vault_id: bytes, params: Params) -> int | None:
        """Return what the mark stands at, or None if it is gone."""
        ...

    async def advance(self, app_id: str, vault_id: bytes, params: Params, mark: int) -> None:
        """Let the mark grow to `mark`, which is at most a few above; one that is there already is left."""
        ...

    async def remove(self, app_id: str, vault_id: bytes, params: Params) -> None:
        """Remove the mark; one that is not there is no error."""
        ...
