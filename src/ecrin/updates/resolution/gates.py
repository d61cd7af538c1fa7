"""What a channel lets through: steps 8 to 14 of protocol sheet §2.1. Pure.

All limits compare with the native version that the device runs on, never with its current bundle; those that compare
versions do not concern what the store delivered.
"""

from collections.abc import Mapping

from ecrin.updates.bundles.model import BUILTIN, Bundle
from ecrin.updates.channels.model import Channel, Limit
from ecrin.updates.channels.rules import included
from ecrin.updates.resolution.model import Ask, Refusal, Via
from ecrin.updates.resolution.refusals import blocked, failed
from ecrin.updates.resolution.versions import parsed

Groups = Mapping[str, frozenset[str]]


def builtin(ask: Ask, channel: Channel, via: Via, groups: Groups) -> Refusal | None:
    """Return why a device may not be told to go back to what the store delivered, or None."""
    return _platform(ask, channel) or _private(ask, channel, via, groups) or _build(ask, channel, BUILTIN)


def bundle(ask: Ask, channel: Channel, via: Via, groups: Groups, offered: Bundle) -> Refusal | None:
    """Return why a device may not have a bundle, or None."""
    return (
        _platform(ask, channel)
        or _major(ask, channel, offered)
        or _private(ask, channel, via, groups)
        or _limits(ask, channel, offered)
        or _native(ask, channel, offered)
        or _build(ask, channel, offered.version)
    )


def _platform(ask: Ask, channel: Channel) -> Refusal | None:
    """Check step 8."""
    if getattr(channel.settings, ask.platform):
        return None
    name = ask.platform.value
    return blocked(f"disabled_platform_{name}", f"Updates are off for {name}", f"disablePlatform{name.title()}")


def _major(ask: Ask, channel: Channel, offered: Bundle) -> Refusal | None:
    """Check step 9."""
    limited = channel.settings.disable_auto_update is Limit.MAJOR
    if limited and parsed(offered.version).major > parsed(ask.native).major:
        return _beyond(ask, offered, "major", "disableAutoUpdateToMajor")
    return None


def _private(ask: Ask, channel: Channel, via: Via, groups: Groups) -> Refusal | None:
    """Check step 10; a device that an audience leaves out is one that the channel is private to."""
    if via in {Via.OVERRIDE, Via.SELF_SET}:
        return None
    settings = channel.settings
    if (settings.public or settings.allow_device_self_set) and included(settings.audience, ask.custom_id, groups):
        return None
    return blocked(
        "cannot_update_via_private_channel",
        "The channel is not open to this device",
        "cannotUpdateViaPrivateChannel",
    )


def _limits(ask: Ask, channel: Channel, offered: Bundle) -> Refusal | None:
    """Check steps 11 and 12. A bundle's lowest native version holds whatever the channel says."""
    limit, target, native = channel.settings.disable_auto_update, parsed(offered.version), parsed(ask.native)
    if limit is Limit.MINOR and (target.major, target.minor) != (native.major, native.minor):
        return _beyond(ask, offered, "minor", "disableAutoUpdateToMinor")
    if limit is Limit.PATCH and target.to_tuple()[:3] != native.to_tuple()[:3]:
        return _beyond(ask, offered, "patch", "disableAutoUpdateToPatch")
    if limit is Limit.VERSION_NUMBER and offered.min_native is None:
        return failed("misconfigured_channel", "The bundle names no lowest native version", "channelMisconfigured")
    if offered.min_native is not None and parsed(offered.min_native) > native:
        return _beyond(ask, offered, "metadata", "disableAutoUpdateMetadata")
    return None


def _native(ask: Ask, channel: Channel, offered: Bundle) -> Refusal | None:
    """Check step 13."""
    if not channel.settings.disable_auto_update_under_native or parsed(offered.version) >= parsed(ask.native):
        return None
    return blocked(
        "disable_auto_update_under_native",
        "Cannot go below the native version",
        "disableAutoUpdateUnderNative",
        version=offered.version,
        old=ask.current,
    )


def _build(ask: Ask, channel: Channel, version: str) -> Refusal | None:
    """Check step 14: kinds of builds and of machines."""
    settings = channel.settings
    for refused, code, stat in (
        (ask.is_prod and not settings.allow_prod, "disable_prod_build", "disableProdBuild"),
        (not ask.is_prod and not settings.allow_dev, "disable_dev_build", "disableDevBuild"),
        (not ask.is_emulator and not settings.allow_device, "disable_device", "disableDevice"),
        (ask.is_emulator and not settings.allow_emulator, "disable_emulator", "disableEmulator"),
    ):
        if refused:
            message = "The channel does not allow this kind of build or machine"
            return blocked(code, message, stat, version=version, old=ask.current)
    return None


def _beyond(ask: Ask, offered: Bundle, what: str, stat: str) -> Refusal:
    message = f"The bundle is beyond the {what} limit of the channel"
    code = f"disable_auto_update_to_{what}"
    return blocked(code, message, stat, major=True, version=offered.version, old=ask.native)
