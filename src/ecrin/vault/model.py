"""What a vault is told and what it tells, as frozen values; names and defaults after Identity Vault (docs/vault.md)."""

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from ecrin.vault.device.model import Moment, PromptTexts
from ecrin.vault.errors import InvalidConfig
from ecrin.vault.ports import Asked, Hold

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
Value = bytes | Json


class VaultType(StrEnum):
    """What opens a vault by itself; slots may be added to any type that has a file."""

    SECURE_STORAGE = "SecureStorage"  # the system's key store; cannot be locked
    DEVICE_SECURITY = "DeviceSecurity"  # biometrics or the device's passcode, by `device_security`
    CUSTOM_PASSCODE = "CustomPasscode"  # a passcode of the app's own
    IN_MEMORY = "InMemory"  # no file; a lock wipes it


class DeviceSecurity(StrEnum):
    """What opens a vault of the type DEVICE_SECURITY."""

    NONE = "None"  # the system's key store without asking; but it can be locked
    BIOMETRICS = "Biometrics"
    SYSTEM_PASSCODE = "SystemPasscode"
    BOTH = "Both"


class Bound(StrEnum):
    """What a passcode is bound to, so that the file alone cannot be guessed at."""

    KEY_STORE = "key-store"
    CHIP = "chip"
    NOTHING = "nothing"  # weaker: Argon2id alone stands between a copied file and its values


class Anchored(StrEnum):
    """What notices that an older copy of the file was put back."""

    KEY_STORE = "key-store"
    CHIP = "chip"
    APP = "app"  # a callback of the app's, such as its server
    NOTHING = "nothing"  # weaker: nothing does


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """How a vault behaves. Times are in milliseconds, None is never.

    `key` names the vault: an app has as many as it names. `gate_only` takes the device's biometrics or passcode
    as a gate that only says yes or no, and is no lock. `wipe_after` is the number of wrong passcodes after which the
    vault is wiped. `lock_on_screen_lock` is about the desktop's screen lock and sleep.
    """

    key: str = "default"
    type: VaultType = VaultType.SECURE_STORAGE
    device_security: DeviceSecurity = DeviceSecurity.NONE
    gate_only: bool = False
    bound: Bound = Bound.KEY_STORE
    anchored: Anchored = Anchored.KEY_STORE
    lock_after_background_ms: int | None = None
    lock_after_idle_ms: int | None = None
    lock_on_screen_lock: bool = True
    wipe_after: int | None = None
    unlock_on_load: bool = False
    texts: PromptTexts = field(default_factory=PromptTexts)

    @property
    def lockable(self) -> bool:
        """Whether the vault can be locked."""
        return self.type is not VaultType.SECURE_STORAGE

    def change(self, **changes: Any) -> "VaultConfig":
        """Return another configuration; raises `InvalidConfig` for a field that there is not."""
        try:
            return replace(self, **changes)
        except TypeError:
            raise InvalidConfig(f"There is no such field: {', '.join(sorted(changes))}.") from None

    def as_json(self) -> dict[str, Any]:
        """Return the configuration as it is stored."""
        return asdict(self)


class LockReason(StrEnum):
    """Why a vault was locked."""

    CALL = "call"
    IDLE = "idle"
    BACKGROUND = "background"
    SCREEN = "screen"  # the screen was locked, or the machine went to sleep
    ELSEWHERE = "elsewhere"  # another process rotated the key or cleared the vault
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LockEvent:
    """A vault was locked: `timeout` by time; `saved`, its values are on disk."""

    timeout: bool
    saved: bool
    reason: LockReason


@dataclass(frozen=True, slots=True)
class PasscodeRequest:
    """The vault asks for something that a person types; `setup` if it is new, `attempts_left` before a wipe."""

    asked: Asked
    setup: bool
    attempts_left: int | None = None


@dataclass(frozen=True, slots=True)
class Tries:
    """Failed tries of a slot in a row, and when the last one was begun."""

    failures: int
    last: Moment


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """One way into the vault. `managed` ones come and go with the vault's type."""

    id: str
    kind: str
    hold: Hold
    managed: bool
    failures: int


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A slot that was added. `code` is what only its owner may see, once: a recovery code."""

    info: SlotInfo
    code: str = ""

    def __repr__(self) -> str:
        return f"NewSlot({self.info.kind})"


@dataclass(frozen=True, slots=True)
class Protection:
    """What really holds on this machine, honestly.

    `holds` are those of the slots: the vault is as strong as the weakest. `memory_locked`: the vault's keys are never
    written to swap; `undumped`: no core dump holds them. Neither covers what OpenSSL makes of them while it is open.
    `anchored`: what notices an old copy; of a locked vault, as it is configured. `hears_screen_lock`: the desktop's
    lock and sleep lock it.
    """

    type: VaultType
    holds: tuple[Hold, ...]
    anchored: Anchored
    memory_locked: bool
    undumped: bool
    hears_screen_lock: bool

    @property
    def weakest(self) -> Hold | None:
        """The weakest hold of all slots that this device knows, None for a vault in memory."""
        return min((hold for hold in self.holds if hold in _RANK), key=_RANK.index, default=None)


_RANK = (
    Hold.GATE_ONLY,
    Hold.KEY_STORE,
    Hold.PASSCODE,
    Hold.PASSCODE_AND_KEY_STORE,
    Hold.CODE,
    Hold.HARDWARE,
    Hold.PASSCODE_AND_HARDWARE,
)
