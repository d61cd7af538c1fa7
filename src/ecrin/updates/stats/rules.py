"""What an event means, and how events become counts. Pure.

Nothing here depends on the order of events. An event that is delivered twice (its reply was lost) is counted twice as
an event, and once where devices are counted: installs, failures, active devices.
"""

import re
from collections import Counter
from collections.abc import Sequence

import msgspec

from ecrin.base.clock import Instant
from ecrin.updates.stats.model import (
    OTHER,
    STEPS,
    Batch,
    CountKey,
    Delivery,
    Ended,
    Kind,
    OutcomeKey,
    Said,
)

SHARES = (50, 90, 95)  # percent of active devices, for the adoption of a version
UNKNOWN_ACTIONS = 100  # names of its own making that an app may have

# Protocol sheet §3, and `session_key_required`, which clients send and that list lacks.
KNOWN = frozenset(
    """
    ping delete reset set set_next get set_fail update_fail download_fail windows_path_fail canonical_path_fail
    directory_path_fail unzip_fail low_mem_fail download_0 download_10 download_20 download_30 download_40 download_50
    download_60 download_70 download_80 download_90 download_complete download_manifest_start
    download_manifest_complete download_zip_start download_zip_complete download_manifest_file_fail
    download_manifest_checksum_fail download_manifest_brotli_fail finish_download_fail manifest_path_fail decrypt_fail
    checksum_required checksum_fail session_key_required insufficient_disk_space app_moved_to_foreground
    app_moved_to_background app_launch_start app_launch_ready app_launch_timeout uninstall needPlanUpgrade missingBundle
    noNew disablePlatformIos disablePlatformAndroid disablePlatformElectron disableAutoUpdate disableAutoUpdateToMajor
    disableAutoUpdateToMinor disableAutoUpdateToPatch disableAutoUpdateMetadata disableAutoUpdateUnderNative
    cannotUpdateViaPrivateChannel channelMisconfigured disableDevBuild disableProdBuild disableEmulator disableDevice
    cannotGetBundle NoChannelOrOverride setChannel getChannel rateLimited rate_limit_reached keyMismatch InvalidIp
    blocked_by_server_url backend_refusal customIdBlocked app_crash app_crash_native app_anr app_killed_low_memory
    app_killed_excessive_resource_usage app_initialization_failure app_memory_warning webview_javascript_error
    webview_unhandled_rejection webview_resource_error webview_security_policy_violation webview_unclean_restart
    webview_render_process_gone webview_content_process_terminated webview_dom_content_loaded webview_page_loaded
    os_version_changed native_app_version_changed
    """.split()
)

CRASHES = frozenset(
    """
    app_anr app_killed_excessive_resource_usage app_initialization_failure webview_javascript_error
    webview_unhandled_rejection webview_unclean_restart webview_render_process_gone webview_content_process_terminated
    """.split()
)
DEFECTS = frozenset(
    """
    update_fail set_fail unzip_fail decrypt_fail checksum_fail checksum_required session_key_required
    manifest_path_fail download_manifest_checksum_fail download_manifest_brotli_fail windows_path_fail
    canonical_path_fail directory_path_fail
    """.split()
)
DOWNLOADED = "download_complete"  # of a zip or a manifest, whose own events come before it
OFFERED = "get"  # counted by `/updates` itself
# Said by the bundle that runs; other events are about the one that comes.
RUNNING = frozenset({"set", "ping", "app_moved_to_foreground", "app_moved_to_background", "app_launch_ready"})

KIBIBYTE = 1024
_encode = msgspec.json.Encoder().encode
_ACTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)


def is_action(name: str) -> bool:
    """Return whether a name can be counted; unknown ones can."""
    return name in KNOWN or _ACTION.fullmatch(name) is not None


def is_crash(action: str) -> bool:
    """Return whether the app broke down while the bundle ran."""
    return action in CRASHES or action.startswith("app_crash")


def kind_of(action: str) -> Kind | None:
    """Return what an event says became of a version, or None."""
    if action == "set":
        return Kind.INSTALL
    if action in DEFECTS or is_crash(action):
        return Kind.FAILURE
    if action.endswith("_fail") or action == "insufficient_disk_space":
        return Kind.TROUBLE
    return None


def is_ignored(action: str, platform: str, plugin: tuple[int, int, int]) -> bool:
    """Return whether an event is known to say nothing: old plugins reported failed downloads that did not fail.

    Electron's plugin says 0.0.1 whatever it is.
    """
    if action != "download_fail" or platform == "electron":
        return False
    return plugin < ((7, 17, 0) if plugin[0] >= 7 else (6, 14, 25))


def weight(event: Said) -> int:
    """Return as how many events one counts for the quota: one more for each kibibyte of its metadata as it is kept."""
    return 1 + len(_encode(event.metadata)) // KIBIBYTE if event.metadata else 1


class Names:
    """The unknown actions of each app that have a count of their own; from the hundred-and-first on they share one."""

    def __init__(self) -> None:
        self._own: dict[str, set[str]] = {}

    def of(self, app_id: str, action: str) -> str:
        """Return the name under which an action is counted."""
        if action in KNOWN:
            return action
        own = self._own.setdefault(app_id, set())
        if action in own or len(own) < UNKNOWN_ACTIONS:
            own.add(action)
            return action
        return OTHER


def fold(deliveries: Sequence[Delivery], names: Names) -> Batch:
    """Return the counts and outcomes of deliveries."""
    counts: Counter[CountKey] = Counter()
    outcomes: dict[OutcomeKey, Ended] = {}
    for delivery in deliveries:
        app, minute = delivery.app_id, floor(delivery.at, STEPS[0])
        for event in delivery.events:
            action = names.of(app, event.action)
            counts[app, minute, action, event.version, delivery.platform, delivery.channel] += 1
            if delivery.counted and (kind := kind_of(event.action)):
                key = app, event.version, kind.value, delivery.device_id
                outcomes[key] = _ended(delivery, kind, outcomes.get(key))
    return Batch(tuple(deliveries), counts, outcomes)


def _ended(delivery: Delivery, kind: Kind, before: Ended | None) -> Ended:
    if before is None:
        return Ended(delivery.platform, delivery.channel, delivery.at, 1)
    at = min(before.at, delivery.at) if kind is Kind.INSTALL else max(before.at, delivery.at)
    return Ended(before.platform, before.channel, at, before.times + 1)


def floor(at: Instant, step: int) -> Instant:
    """Return when the bucket of a step (in milliseconds) began."""
    return at - at % step


def rolled_up(counts: dict[CountKey, int]) -> dict[tuple[str, int, Instant, str, str, str, str], int]:
    """Return the counts of minutes for every step: app, step, bucket, action, version, platform, channel."""
    found: Counter[tuple[str, int, Instant, str, str, str, str]] = Counter()
    for (app, minute, *rest), count in counts.items():
        action, version, platform, channel = rest
        for step in STEPS:
            found[app, step, floor(minute, step), action, version, platform, channel] += count
    return found


def needed(share: int, active: int) -> int:
    """Return how many devices are at least `share` percent of those that are active; one at least."""
    return max(1, -(-active * share // 100))
