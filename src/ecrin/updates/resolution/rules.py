"""Which bundle a device gets, in the order of protocol sheet §2.1. Pure.

Whoever is put on a channel by an operator gets it whatever its audience; the others are asked for in turn: the channel
that the app names, then the public one that is for them in particular, then the one for everybody.
"""

from ecrin.base.clock import Instant
from ecrin.updates.bundles.model import BUILTIN, Bundle
from ecrin.updates.channels.model import Channel, Package
from ecrin.updates.channels.rules import included
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.resolution import gates
from ecrin.updates.resolution.model import Answer, AppView, Ask, Kind, Offer, Refusal, Reset, Via
from ecrin.updates.resolution.refusals import failed
from ecrin.updates.resolution.versions import KEY_IDS_AFTER, MANIFESTS, able
from ecrin.updates.rollout.model import Rollout
from ecrin.updates.rollout.rules import takes

NO_CHANNEL = failed("no_channel", "No channel serves this device", "NoChannelOrOverride")
NO_BUNDLE = failed("no_bundle", "The channel has no bundle", "missingBundle")
NOTHING_NEW = Refusal("no_new_version_available", "No new version available", Kind.UP_TO_DATE, {}, "noNew")
ON_BUILTIN = Refusal("already_on_builtin", "Already on builtin", Kind.UP_TO_DATE, {"version": BUILTIN}, "noNew")


def resolve(ask: Ask, view: AppView, now: Instant) -> tuple[Channel, Via] | None:
    """Return the channel that a device follows and how it came to it, or None (step 3)."""
    override = held(view, ask.device_id, now)
    if override is not None:
        return view.channels[override.channel], Via.SELF_SET if override.self_set else Via.OVERRIDE
    if ask.default_channel:
        named = view.channels_by_name.get(ask.default_channel)
        if named is None or not getattr(named.settings, ask.platform):
            return None
        return (named, Via.NAMED) if named.settings.public or named.settings.allow_device_self_set else None
    for channel in view.public[ask.platform]:
        if included(channel.settings.audience, ask.custom_id, view.groups):
            return channel, Via.PUBLIC
    return None


def held(view: AppView, device_id: str, now: Instant) -> Override | None:
    """Return the override that a device has at this moment."""
    override = view.overrides.get(device_id)
    if override is None or override.channel not in view.channels:
        return None
    return override if override.expires_at is None or now < override.expires_at else None


def decide(ask: Ask, view: AppView, now: Instant) -> Answer:
    """Return what a device is answered."""
    found = resolve(ask, view, now)
    if found is None:
        return NO_CHANNEL
    channel, via = found
    rollout = view.rollouts.get(channel.number)
    if rollout is not None and not takes(rollout, ask.device_id, ask.version_name, ask.custom_id, view.groups):
        rollout = None
    version = rollout.version if rollout else channel.version
    if version == BUILTIN:
        return gates.builtin(ask, channel, via, view.groups) or _builtin(ask, channel)
    bundle = view.bundles.get(version) if version else None
    if bundle is None or not (bundle.zip or bundle.external_url or bundle.manifest):
        return NO_BUNDLE
    refused = _already(ask, bundle) or gates.bundle(ask, channel, via, view.groups, bundle)
    return refused or _offer(ask, channel, bundle, rollout)


def on_builtin(ask: Ask) -> bool:
    """Return whether a device runs what the store delivered; Electron says the version instead of the word."""
    return ask.version_name == BUILTIN or (ask.platform is Platform.ELECTRON and ask.version_name == ask.native)


def _already(ask: Ask, bundle: Bundle) -> Refusal | None:
    """Refuse by steps 6 and 7: a key that would not open it, and what is there already."""
    if ask.key_id and bundle.key_id and ask.key_id != bundle.key_id and ask.plugin > KEY_IDS_AFTER:
        extra = {"deviceKeyId": ask.key_id, "bundleKeyId": bundle.key_id}
        return Refusal("key_id_mismatch", "The bundle is sealed for another key", Kind.BLOCKED, extra, "keyMismatch")
    return NOTHING_NEW if ask.current == bundle.version else None


def _builtin(ask: Ask, channel: Channel) -> Answer:
    """Protocol sheet §2.3: a device that is back already is told so; Electron cannot go back without an archive."""
    if on_builtin(ask):
        return ON_BUILTIN
    if ask.platform is Platform.ELECTRON:
        return failed("no_bundle_url", "Electron cannot go back to the builtin code", "cannotGetBundle")
    return Reset(channel)


def _offer(ask: Ask, channel: Channel, bundle: Bundle, rollout: Rollout | None) -> Answer:
    """Offer by steps 16 and 17: in which form, by the channel's package and by what the plugin can do.

    A device that cannot install file by file gets the archive, whatever the package (protocol sheet §5, Electron).
    """
    package, first = channel.settings.update_package, on_builtin(ask)
    zip_only = package is Package.ZIP or (package is Package.ZIP_FROM_BUILTIN and first)
    delta_only = package is Package.DELTA or (package is Package.DELTA_FROM_BUILTIN and first)
    by_file = ask.platform is not Platform.ELECTRON and able(ask.plugin, MANIFESTS)
    external = bundle.external_url is not None
    manifest = bool(bundle.manifest) and by_file and not zip_only and not external
    # Electron compares the hash of what it downloads, which of a sealed archive elsewhere nobody knows (sheet §11.1).
    opened = external and not (ask.platform is Platform.ELECTRON and bundle.session_key)
    archive = (bundle.zip is not None or opened) and not (delta_only and by_file)
    if manifest or archive:
        return Offer(bundle, channel, archive, manifest, rollout)
    code = "no_url_or_manifest" if by_file else "no_bundle_url"
    return failed(code, "There is no form of the bundle for this device", "cannotGetBundle")
