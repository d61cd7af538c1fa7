"""A channel: a named line of bundles that devices follow, with the rules of who may."""

from dataclasses import dataclass, field
from enum import StrEnum

from ecrin.base.clock import Instant


class Limit(StrEnum):
    """Which native versions a bundle may not come to by itself (protocol sheet §2.1, steps 9 to 12)."""

    NONE = "none"
    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    VERSION_NUMBER = "version_number"  # the bundle's own `min_native` decides


class Package(StrEnum):
    """What devices are offered (protocol sheet §2.2, update_package)."""

    ALL = "all"
    ZIP = "zip"
    DELTA = "delta"
    ZIP_FROM_BUILTIN = "zip_from_builtin"
    DELTA_FROM_BUILTIN = "delta_from_builtin"


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a channel or a rollout is for: custom ids and groups of them; nobody named means everybody.

    A custom id is what the app claims about itself: an audience chooses, it does not protect.
    """

    custom_ids: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    @property
    def everybody(self) -> bool:
        """Return whether nobody is left out."""
        return not (self.custom_ids or self.groups)


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """Who may follow a channel, and what may come to them by it (protocol sheet §6)."""

    public: bool = False
    ios: bool = True
    android: bool = True
    electron: bool = True
    allow_device_self_set: bool = False
    allow_emulator: bool = True
    allow_device: bool = True
    allow_dev: bool = True
    allow_prod: bool = True
    disable_auto_update: Limit = Limit.MAJOR
    disable_auto_update_under_native: bool = True
    update_package: Package = Package.ALL
    audience: Audience = field(default_factory=Audience)


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `version` is its stable bundle: a version, `builtin`, or None while it has none."""

    app_id: str
    number: int
    name: str
    created_at: Instant
    version: str | None = None
    settings: ChannelSettings = field(default_factory=ChannelSettings)
