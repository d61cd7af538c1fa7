"""What devices send (protocol sheet §1, §2, §4). Members that are missing or null are told apart from wrong ones."""

from typing import Annotated

import msgspec

from ecrin.updates.devices.model import Platform

KeyId = Annotated[str, msgspec.Meta(max_length=20)]
Source = Annotated[str, msgspec.Meta(max_length=64)]


class Info(msgspec.Struct, frozen=True, kw_only=True):
    """What every request says of its device; members that decide nothing are not read."""

    app_id: str | None = None
    device_id: str | None = None
    platform: Platform | None = None
    version_name: str | None = None
    version_build: str | None = None
    version_os: str | None = None
    plugin_version: str | None = None
    is_emulator: bool | None = None
    is_prod: bool | None = None
    default_channel: str | None = msgspec.field(default=None, name="defaultChannel")
    custom_id: str | None = None
    key_id: KeyId | None = None
    install_source: Source | None = None


class SelfInfo(Info, frozen=True, kw_only=True):
    """`/channel_self`: the channel that a device wants or keeps; Electron says what it wants to do."""

    channel: str | None = None
    action: str | None = None


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a manifest, as a device got it from us."""

    file_name: str
    file_hash: str
    download_url: str = ""


class SizesAsked(Info, frozen=True, kw_only=True):
    """`/updates/manifest_size`: a bundle and those of its files that the device would download."""

    version: str | None = None
    manifest: list[Listed] | None = None
    files: list[Listed] | None = None
