"""Values of the biometric calls, after @capgo/capacitor-native-biometric 8 and @aparajita/capacitor-biometric-auth 10.

Their error codes and our errors are in `ecrin.vault.device.codes`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from ecrin.vault.device.model import Biometry, Notice, PromptTexts, Strength
from ecrin.vault.device.ports import Tell
from ecrin.vault.errors import InvalidConfig

MAX_ATTEMPTS = 5
_TEXTS = PromptTexts()
Ask = Callable[[], Awaitable[bytearray]]


class AccessControl(StrEnum):
    """What must happen before something that is kept is given out."""

    NONE = "none"  # nothing: the system's key store alone keeps it
    CURRENT_SET = "current-set"  # a finger or face that was enrolled when it was set, and the set is still the same
    ANY = "any"  # a finger or face that is enrolled


class VerifiedBy(StrEnum):
    """What somebody was recognized by."""

    BIOMETRICS = "biometrics"
    DEVICE_PASSCODE = "device-passcode"


@dataclass(frozen=True, slots=True)
class Availability:
    """What `is_available` found. `reason` is our code of what biometrics lack, `code` the Capgo plugin's."""

    is_available: bool
    kinds: frozenset[Biometry]
    strength: Strength | None
    device_is_secure: bool
    strong_is_available: bool
    reason: str = ""
    code: int | None = None


def _tell_nobody(notice: Notice) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to ask. Empty texts are the platform's own.

    `strength` and `kinds` are the least that the sensor must be; below, it is not asked. `max_attempts` is 1 to 5, for
    each way in. `ask` returns the device's passcode as somebody types it (UTF-8; it is wiped) where the platform has no
    prompt of its own, and may raise `UserCanceled`. `tell` hears what to do while the sensor waits.

    Raises `InvalidConfig`.
    """

    title: str = _TEXTS.title
    subtitle: str = ""
    description: str = ""
    reason: str = ""
    cancel: str = _TEXTS.cancel
    fallback: str = ""
    allow_device_credential: bool = False
    strength: Strength = Strength.WEAK
    kinds: frozenset[Biometry] = frozenset(Biometry)
    max_attempts: int = 1
    ask: Ask | None = None
    tell: Tell = field(default=_tell_nobody)

    def __post_init__(self) -> None:
        if not 1 <= self.max_attempts <= MAX_ATTEMPTS:
            raise InvalidConfig(f"There can be 1 to {MAX_ATTEMPTS} attempts.")

    @property
    def texts(self) -> PromptTexts:
        """The words of the prompt."""
        return PromptTexts(self.title, self.subtitle, self.description, self.reason, self.cancel, self.fallback)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Somebody's name and password at a server; never printed."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"
