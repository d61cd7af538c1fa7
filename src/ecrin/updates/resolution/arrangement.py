"""What is known of an app, arranged so that a device's question needs no search. Pure."""

from collections.abc import Iterable, Mapping

from ecrin.updates.apps.model import App
from ecrin.updates.bundles.model import Bundle
from ecrin.updates.channels.model import Channel
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.resolution.model import AppView
from ecrin.updates.rollout.model import Rollout


def arranged(
    app: App,
    channels: Iterable[Channel] = (),
    rollouts: Iterable[Rollout] = (),
    bundles: Iterable[Bundle] = (),
    overrides: Iterable[Override] = (),
    groups: Mapping[str, frozenset[str]] | None = None,
) -> AppView:
    """Return an app as devices are answered from it; of the rollouts, those that are under way."""
    channels, bundles, overrides = list(channels), list(bundles), list(overrides)
    return AppView(
        app=app,
        channels={c.number: c for c in channels},
        channels_by_name={c.name: c for c in channels},
        public={platform: _public(channels, platform) for platform in Platform},
        rollouts={r.channel: r for r in rollouts if r.under_way},
        bundles={b.version: b for b in bundles},
        objects=_objects(bundles),
        overrides={o.device_id: o for o in overrides},
        self_set={o.device_id for o in overrides if o.self_set},
        groups=groups or {},
    )


def _public(channels: Iterable[Channel], platform: Platform) -> tuple[Channel, ...]:
    """Return who is asked for a device that names no channel: those for some in particular first, then by name."""
    found = [c for c in channels if c.settings.public and getattr(c.settings, platform)]
    return tuple(sorted(found, key=lambda c: (c.settings.audience.everybody, c.name, c.number)))


def _objects(bundles: Iterable[Bundle]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for bundle in bundles:
        sizes.update({entry.object: entry.size for entry in bundle.manifest})
        if bundle.zip is not None:
            sizes[bundle.zip] = bundle.zip_size
    return sizes
