"""What a device has and says, as values: kinds of biometrics, their strength, prompts, signals."""

from dataclasses import dataclass
from enum import StrEnum


class Biometry(StrEnum):
    """What a sensor looks at."""

    FINGERPRINT = "fingerprint"
    FACE = "face"
    IRIS = "iris"


class Strength(StrEnum):
    """How far a sensor can be trusted: Android's Class 2 and 3; `MAXIMUM` also binds a key in hardware."""

    WEAK = "weak"
    STRONG = "strong"
    MAXIMUM = "maximum"


class Permission(StrEnum):
    """Whether the app may use biometrics."""

    GRANTED = "granted"
    DENIED = "denied"
    PROMPT = "prompt"


class Notice(StrEnum):
    """What a person should do or know while something waits for them; nothing is answered."""

    TOUCH_SENSOR = "touch-sensor"
    RETRY_TOUCH = "retry-touch"  # not read well: not a failure
    TOUCH_KEY = "touch-key"
    NOT_RECOGNIZED = "not-recognized"  # a failure; there are tries left


class Signal(StrEnum):
    """What the system says about the user's presence."""

    SCREEN_LOCKED = "screen-locked"
    SCREEN_UNLOCKED = "screen-unlocked"
    SLEEP = "sleep"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class PromptTexts:
    """The words of a prompt, by the app. A platform shows those that it has room for."""

    title: str = "Please Authenticate"
    subtitle: str = ""
    description: str = ""
    reason: str = ""
    cancel: str = "Cancel"
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class SensorState:
    """What a sensor is like now.

    `enrolled` is an opaque mark of the set that is enrolled: empty if nothing is, and another one after a change, as
    far as the platform can tell (docs/vault.md says how far).
    """

    kinds: frozenset[Biometry]
    strength: Strength
    permission: Permission
    enrolled: bytes
    locked_out: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that survives a restart of the process and a set clock.

    `since_boot_ms` counts sleep too and is good while `boot` is the same; `wall_ms` is since the Unix epoch.
    """

    boot: str
    since_boot_ms: int
    wall_ms: int
