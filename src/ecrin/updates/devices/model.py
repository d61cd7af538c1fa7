"""A device: one installation of an app, as it describes itself, and the channel it was put on."""

from dataclasses import dataclass
from enum import StrEnum

from ecrin.base.clock import Instant


class Platform(StrEnum):
    """Where an app runs."""

    IOS = "ios"
    ANDROID = "android"
    ELECTRON = "electron"


@dataclass(frozen=True, slots=True)
class Override:
    """A device that follows a channel (its number) whatever it asks for.

    `self_set` is one that an old client chose itself. `expires_at` is None for one that an operator wants for ever.
    """

    app_id: str
    device_id: str
    channel: int
    self_set: bool
    set_at: Instant
    expires_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What a device last said of itself; `seen_at` is exact to the day."""

    app_id: str
    device_id: str
    platform: Platform
    version_name: str
    version_build: str
    version_os: str
    plugin_version: str
    custom_id: str
    default_channel: str
    key_id: str
    is_emulator: bool
    is_prod: bool
    seen_at: Instant
