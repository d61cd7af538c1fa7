"""From what a device sent to its question: the checks of protocol sheet §1 and step 2 of §2.1."""

import re
from functools import lru_cache

from ecrin.updates.apps.rules import MAX_ID
from ecrin.updates.devices import rules as devices
from ecrin.updates.devices.model import Platform
from ecrin.updates.resolution import versions
from ecrin.updates.resolution.model import Ask, Refusal
from ecrin.updates.resolution.refusals import blocked, failed
from ecrin.web.capgo.errors import InvalidJsonBody, MissingAppId, MissingDeviceId
from ecrin.web.capgo.messages import Info

# Unknown apps are answered alike for everybody, and never with a 429, which would silence the client (sheet §1).
UNKNOWN_APP = blocked("on_premise_app", "This server does not serve the app", "")
MISSING_INFO = failed("missing_info", "The platform or a version is missing", "missing_info")
UNKNOWN_BUILD = failed("unknown_version_build", "The native version is unknown", "unknown_version_build")
SEMVER_ERROR = failed("semver_error", "The native version is not a semantic version", "semver_error")
OLD_PLUGIN = failed("unsupported_plugin_version", "Plugins of version 4 are not served", "backend_refusal")
_APP_ID = re.compile(r"[a-z0-9]+(\.[\w-]+)+", re.IGNORECASE | re.ASCII)


def identity(info: Info) -> tuple[str, str]:
    """Return app and device, the device in lower case.

    Raises `MissingDeviceId`, `MissingAppId` and `InvalidJsonBody`.
    """
    if not info.device_id:
        raise MissingDeviceId
    device = devices.normal(info.device_id)
    if device is None:
        raise InvalidJsonBody("The device id is not a UUID - at `$.device_id`")
    return app_of(info), device


def app_of(info: Info) -> str:
    """Return the app; raises `MissingAppId` and `InvalidJsonBody`."""
    if not info.app_id:
        raise MissingAppId
    if len(info.app_id) > MAX_ID or not _is_app_id(info.app_id):
        raise InvalidJsonBody("The app id is not a reverse domain name - at `$.app_id`")
    return info.app_id


def question(info: Info, app_id: str, device_id: str, channel: str | None = None) -> Ask | Refusal:
    """Return a device's question, `channel` in place of its default channel; or why it cannot be answered.

    Raises `InvalidJsonBody` for a plugin version that is not x.y.z.
    """
    # At /channel_self Electron names no version while its built-in one runs (electron-updater 0.0.6).
    running = info.version_name or (info.version_build if info.platform is Platform.ELECTRON else "")
    if not (info.version_build and running and info.platform and info.plugin_version):
        return MISSING_INFO
    if info.version_build == "unknown":
        return UNKNOWN_BUILD
    native, plugin = versions.native(info.version_build), versions.plugin(info.plugin_version)
    if plugin is None:
        raise InvalidJsonBody("The plugin version is not x.y.z - at `$.plugin_version`")
    if native is None:
        return SEMVER_ERROR
    if plugin[0] == versions.REFUSED_LINE:
        return OLD_PLUGIN
    if info.platform is Platform.ELECTRON and running == info.version_build:
        running = native
    return Ask(
        app_id,
        device_id,
        info.platform,
        running,
        native,
        plugin,
        info.is_emulator is True,
        info.is_prod is not False,
        channel or info.default_channel or "",
        info.custom_id or "",
        info.key_id or "",
    )


@lru_cache(1024)
def _is_app_id(text: str) -> bool:
    return _APP_ID.fullmatch(text) is not None
