"""What a device asks, what is known of its app, and what it is answered."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ecrin.base.clock import Instant
from ecrin.updates.apps.model import App
from ecrin.updates.bundles.model import BUILTIN, Bundle
from ecrin.updates.channels.model import Channel
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.rollout.model import Rollout


@dataclass(frozen=True, slots=True)
class Ask:
    """A device's question, normal: ids in lower case, `native` a semantic version, `version_name` as it was sent."""

    app_id: str
    device_id: str
    platform: Platform
    version_name: str
    native: str
    plugin: tuple[int, int, int]
    is_emulator: bool = False
    is_prod: bool = True
    default_channel: str = ""
    custom_id: str = ""
    key_id: str = ""

    @property
    def current(self) -> str:
        """Return the version that the device runs; a device on `builtin` runs its native version."""
        return self.native if self.version_name == BUILTIN else self.version_name


@dataclass(frozen=True, slots=True)
class AppView:
    """Everything that decides about an app's devices, at one moment; `arranged` makes one.

    `channels` and `rollouts` (under way only) are by channel number, `bundles` by version (deleted ones are absent),
    `overrides` by device id, `groups` by group name. `public` holds the public channels of each platform in the order
    in which they are asked, `objects` the size in bytes of each object that a bundle names. `self_set` are the devices
    that have an override by their own wish; these two alone change in place, as devices may cause that.
    """

    app: App
    channels: Mapping[int, Channel]
    channels_by_name: Mapping[str, Channel]
    public: Mapping[Platform, tuple[Channel, ...]]
    rollouts: Mapping[int, Rollout]
    bundles: Mapping[str, Bundle]
    objects: Mapping[str, int]
    overrides: dict[str, Override]
    self_set: set[str]
    groups: Mapping[str, frozenset[str]]

    def keep(self, override: Override) -> None:
        """Take in where a device was put."""
        self.drop(override.device_id)
        self.overrides[override.device_id] = override
        if override.self_set:
            self.self_set.add(override.device_id)

    def drop(self, device_id: str) -> None:
        """Forget that a device was put anywhere."""
        self.overrides.pop(device_id, None)
        self.self_set.discard(device_id)

    def drop_expired(self, now: Instant) -> None:
        """Forget what devices chose once it is over."""
        for override in [self.overrides[device_id] for device_id in self.self_set]:
            if override.expires_at is not None and override.expires_at <= now:
                self.drop(override.device_id)


class Kind(StrEnum):
    """What a client does with a refusal (protocol sheet §2.1); without one it counts it as failed."""

    UP_TO_DATE = "up_to_date"
    BLOCKED = "blocked"
    FAILED = "failed"


class Via(StrEnum):
    """How a device came to its channel."""

    OVERRIDE = "override"
    SELF_SET = "self_set"
    NAMED = "named"  # the device's own default channel
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that the device should install; `zip` and `manifest` say which of its forms it is offered."""

    bundle: Bundle
    channel: Channel
    zip: bool
    manifest: bool
    rollout: Rollout | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """The device goes back to what the store delivered."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Refusal:
    """A soft error: `error` is the protocol's code, `extra` the members that go with it."""

    error: str
    message: str
    kind: Kind
    extra: Mapping[str, object]
    stat: str = ""


Answer = Offer | Reset | Refusal
