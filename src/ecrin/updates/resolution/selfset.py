"""Whether a device may choose a channel for itself (protocol sheet §4). Pure."""

from ecrin.base.clock import Instant
from ecrin.updates.channels.model import Channel, ChannelSettings
from ecrin.updates.channels.rules import included
from ecrin.updates.devices.model import Platform
from ecrin.updates.resolution.model import AppView, Ask, Refusal
from ecrin.updates.resolution.refusals import blocked, failed
from ecrin.updates.resolution.rules import held
from ecrin.updates.resolution.versions import OWN_CHANNEL, able

MISSING = failed("missing_channel", "The channel is missing")
NOT_FOUND = failed("channel_not_found", "There is no such channel")
CANNOT_OVERRIDE = blocked("cannot_override", "An operator put the device on its channel", "")
PUBLIC = blocked(
    "public_channel_self_set_not_allowed",
    "The channel is public and cannot be chosen; unset the channel, and the device follows it where it is the default",
    "",
)
PRIVATE = blocked("channel_self_set_not_allowed", "The channel cannot be chosen by devices", "")
FULL = blocked("too_many_self_set_devices", "As many devices of the app chose a channel as may", "")
NOT_FOR_IT = blocked("override_not_allowed", "The channel does not serve this kind of device", "")


def chosen(ask: Ask, view: AppView, name: str, now: Instant) -> Channel | Refusal:
    """Return the channel that a device may have, or why not."""
    if not name:
        return MISSING
    override = held(view, ask.device_id, now)
    if override is not None and not override.self_set:
        return CANNOT_OVERRIDE
    channel = view.channels_by_name.get(name)
    if channel is None:
        return NOT_FOUND
    settings = channel.settings
    if not settings.allow_device_self_set and not (is_main(ask, view, channel) and not keeps_own(ask)):
        return PUBLIC if settings.public else PRIVATE
    allowed = fits(settings, ask.platform, ask.is_emulator, ask.is_prod)
    return channel if allowed and included(settings.audience, ask.custom_id, view.groups) else NOT_FOR_IT


def keeps_own(ask: Ask) -> bool:
    """Return whether a plugin keeps its choice itself and sends it as its default channel; Electron's need not."""
    return ask.platform is not Platform.ELECTRON and able(ask.plugin, OWN_CHANNEL)


def full(device_id: str, view: AppView) -> bool:
    """Return whether an app keeps the choices of as many devices as it may, this one not among them."""
    return device_id not in view.self_set and len(view.self_set) >= view.app.settings.max_self_set


def is_main(ask: Ask, view: AppView, channel: Channel) -> bool:
    """Return whether a channel is the one that the device follows when it chooses none."""
    for public in view.public[ask.platform]:
        if included(public.settings.audience, ask.custom_id, view.groups):
            return public.number == channel.number
    return False


def fits(settings: ChannelSettings, platform: str, is_emulator: bool, is_prod: bool) -> bool:
    """Return whether a channel serves a platform and a kind of build and machine."""
    machine = settings.allow_emulator if is_emulator else settings.allow_device
    build = settings.allow_prod if is_prod else settings.allow_dev
    return bool(platform and getattr(settings, platform)) and machine and build
