"""What a platform offers, as Protocols; each adapter is a file of its own under `linux`, `macos`, `windows`.

Adapters do nothing when they are made. What is missing is raised by the first call that needs it, with a hint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ecrin.crypto.kdf import Buffer
from ecrin.vault.device.model import Moment, Notice, PromptTexts, SensorState, Signal
from ecrin.vault.memory import SecretRoom

Tell = Callable[[Notice], None]
MAX_ITEM = 2_000  # bytes of an item in a key store: some systems have no room for more


class KeyStore(Protocol):
    """The system's store for small secrets: Secret Service, Keychain, Credential Manager.

    An item is named by `service` (the app's id) and `item`. Raises `KeyStoreUnavailable` or `KeyStoreLocked`.
    """

    name: str

    async def get(self, service: str, item: str) -> SecretRoom | None:
        """Return an item in a room that the caller closes, or None if there is none."""
        ...

    async def set(self, service: str, item: str, secret: Buffer) -> None:
        """Keep an item, in the place of one that is there; raises `ValueError` unless it has 1 to `MAX_ITEM` bytes."""
        ...

    async def delete(self, service: str, item: str) -> None:
        """Remove an item; one that is not there is no error."""
        ...


class Chip(Protocol):
    """A chip that seals a secret under a PIN and counts wrong ones itself, and has counters that only grow: a TPM 2.0.

    Raises `ChipUnavailable`, `ChipLockedOut`.
    """

    name: str

    async def seal(self, secret: Buffer, pin: Buffer) -> bytes:
        """Return the sealed object; only this chip opens it, and `pin` (32 bytes; empty for none) is checked in it."""
        ...

    async def unseal(self, sealed: bytes, pin: Buffer) -> SecretRoom:
        """Return the secret; raises `SlotRefused` for another PIN, which the chip counts, and for another chip's."""
        ...

    async def counter_create(self) -> tuple[bytes, int]:
        """Make a counter; return its handle (opaque, at most 64 bytes) and what it stands at."""
        ...

    async def counter_read(self, handle: bytes) -> int | None:
        """Return what a counter stands at, or None if there is none of this handle."""
        ...

    async def counter_reach(self, handle: bytes, value: int) -> int:
        """Let a counter grow to `value` and return what it stands at: more only if it already did.

        No other process of ours steps in between. Raises `ItemMissing` if there is none of this handle.
        """
        ...

    async def counter_remove(self, handle: bytes) -> None:
        """Remove a counter; one that is not there is no error."""
        ...


class Sensor(Protocol):
    """A biometric sensor that answers yes or no: a gate, not a lock."""

    async def state(self) -> SensorState:
        """Return what the sensor is like; raises `BiometricsUnavailable` if there is none."""
        ...

    async def verify(self, texts: PromptTexts, tell: Tell) -> None:
        """Wait for one try of an enrolled user of this session.

        Raises `NotRecognized` (the try failed), `BiometricsLockedOut`, `BiometricsPaused`, `BiometricsNotEnrolled`,
        `BiometricsUnavailable` (gone, or another program uses it), `UserCanceled`, `SystemCanceled`, `FallbackChosen`,
        `NotInteractive`. Cancelling the task cancels the prompt.
        """
        ...

    async def watch(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` whenever the state may be another; return what ends that."""
        ...


class DevicePasscode(Protocol):
    """The passcode of the user's account on this device: a gate too."""

    asks_itself: bool  # the system shows its own prompt: `verify` is given no passcode then

    async def is_set(self) -> bool:
        """Return whether the user has one."""
        ...

    async def verify(self, passcode: Buffer, texts: PromptTexts) -> None:
        """Accept the passcode; raises `NotRecognized` for another, `DevicePasscodeNotSet`, `UserCanceled`."""
        ...


class Signals(Protocol):
    """What the system says about the user's presence."""

    async def watch(self, heard: Callable[[Signal], None]) -> Callable[[], None]:
        """Call `heard` for each signal; return what ends that. Raises `Unsupported` where nothing can be heard."""
        ...

    async def idle_ms(self) -> int:
        """Return for how many milliseconds the user has touched nothing; raises `Unsupported`."""
        ...


class Screen(Protocol):
    """Protection of what is on the screen: from capture, and in the list of apps."""

    async def hide(self, hidden: bool) -> None:
        """Keep the app's windows out of captures, or not any more; raises `Unsupported`."""
        ...

    async def is_hidden(self) -> bool:
        """Return whether they are; False where the platform cannot."""
        ...


class DeviceClock(Protocol):
    """Time that goes on while the device sleeps."""

    def now(self) -> Moment:
        """Return the present moment."""
        ...


@dataclass(frozen=True, slots=True)
class Platform:
    """One device as its user's session sees it; `data_folder` is where the user's apps keep their data.

    What a platform never has is None; what may be there or not says so when it is called.
    """

    name: str
    data_folder: Path
    clock: DeviceClock
    key_store: KeyStore | None = None
    chip: Chip | None = None
    sensor: Sensor | None = None
    passcode: DevicePasscode | None = None
    signals: Signals | None = None
    screen: Screen | None = None
    openers: Sequence[object] = ()
