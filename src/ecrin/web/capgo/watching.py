"""What `/updates` leaves behind: the device as it described itself, and what it was told, both noted in memory."""

from ecrin.base.clock import Instant
from ecrin.updates.bundles.model import BUILTIN
from ecrin.updates.devices.model import Device
from ecrin.updates.resolution.model import Answer, Ask, Offer, Refusal
from ecrin.updates.stats.inventory import DeviceLog
from ecrin.updates.stats.rules import OFFERED
from ecrin.web.capgo.messages import Info

_LONGEST = 128


class Watcher:
    """Told of each question that was answered; nothing here waits."""

    def __init__(self, devices: DeviceLog) -> None:
        self._devices = devices

    def answered(self, info: Info, ask: Ask, answer: Answer, now: Instant) -> None:
        """Note a device and what it was answered."""
        self.note(info, ask, ask.version_name, now)
        if isinstance(answer, Refusal):
            if answer.stat:
                self._devices.answered(ask.app_id, answer.stat, "", str(ask.platform), "", now)
            return
        version = answer.bundle.version if isinstance(answer, Offer) else BUILTIN
        self._devices.answered(ask.app_id, OFFERED, version, str(ask.platform), answer.channel.name, now)

    def refused(self, info: Info, app_id: str, refusal: Refusal, now: Instant) -> None:
        """Count a device that asked for nothing which could be answered; as such it says too little to be listed."""
        self._devices.answered(app_id, refusal.stat, "", str(info.platform or ""), "", now)

    def note(self, info: Info, ask: Ask, running: str, now: Instant) -> None:
        """Note what a device said of itself; `running` is the version it runs, "" where it did not say."""
        about = running, ask.native, info.version_os, info.plugin_version, info.default_channel
        said = hash((about, ask.custom_id, ask.key_id, ask.is_emulator, ask.is_prod))
        if not self._devices.knows(ask.app_id, ask.device_id, said, now):
            self._devices.note(described(info, ask, running, now), said)


def described(info: Info, ask: Ask, running: str, now: Instant) -> Device:
    """Return what a device said of itself; `running` is the version it runs, "" where it did not say."""
    return Device(
        app_id=ask.app_id,
        device_id=ask.device_id,
        platform=ask.platform,
        version_name=_kept(running),
        version_build=ask.native,
        version_os=_kept(info.version_os),
        plugin_version=_kept(info.plugin_version),
        custom_id=_kept(ask.custom_id),
        default_channel=_kept(info.default_channel),
        key_id=_kept(ask.key_id),
        is_emulator=ask.is_emulator,
        is_prod=ask.is_prod,
        seen_at=now,
    )


def _kept(text: str | None) -> str:
    """Return a text as it can be stored and shown: without NULs, and not longer than a name."""
    return text.replace("\0", "")[:_LONGEST] if text else ""
