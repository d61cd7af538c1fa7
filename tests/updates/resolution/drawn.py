"""Drawn questions and apps: few names and versions, so that they meet often.

Each is made from one drawn number: what fails says its number, and a thousand of them cost no more than a second.
"""

from collections.abc import Callable
from random import Random
from typing import TypeVar

from hypothesis import strategies as st

from ecrin.updates.apps.model import App, AppSettings
from ecrin.updates.bundles.model import BUILTIN, Bundle, File
from ecrin.updates.channels.model import Audience, Channel, ChannelSettings, Limit, Package
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.resolution.arrangement import arranged
from ecrin.updates.resolution.model import AppView, Ask
from ecrin.updates.rollout.model import WHOLE, Rollout, State

T = TypeVar("T")
NOW = 1_800_000_000_000
APP = App("com.example.notes", "p", "Notes", NOW)
HASH = "0" * 64
DEVICES = [f"0a1b2c3d-0000-4000-8000-{n:012x}" for n in range(4)]
VERSIONS = ["0.9.0", "1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.0.0-rc.1"]
PLUGINS = [(5, 9, 0), (5, 10, 0), (6, 25, 0), (7, 0, 35), (8, 40, 7), (8, 51, 23), (0, 0, 1)]
NAMES = ["alpha", "beta", "production"]


def _drawn(make: Callable[[Random], T]) -> st.SearchStrategy[T]:
    return st.integers(0, 2**48).map(lambda seed: make(Random(seed)))


def _often(r: Random) -> bool:
    """A truth value that is mostly true, so that not every question ends at the first gate."""
    return r.random() < 0.8


def _some(r: Random, values: list[T]) -> list[T]:
    return [value for value in values if r.random() < 0.6]


def _audience(r: Random) -> Audience:
    if _often(r):
        return Audience()
    return Audience(frozenset(_some(r, ["ada", "bob"])), frozenset(_some(r, ["staff", "nobody"])))


def _settings(r: Random) -> ChannelSettings:
    return ChannelSettings(
        public=r.random() < 0.6,
        ios=_often(r),
        android=_often(r),
        electron=_often(r),
        allow_device_self_set=r.random() < 0.5,
        allow_emulator=_often(r),
        allow_device=_often(r),
        allow_dev=_often(r),
        allow_prod=_often(r),
        disable_auto_update=r.choice(list(Limit)),
        disable_auto_update_under_native=r.random() < 0.5,
        update_package=r.choice(list(Package)),
        audience=_audience(r),
    )


def _ask(r: Random) -> Ask:
    return Ask(
        app_id=APP.id,
        device_id=r.choice(DEVICES),
        platform=r.choice(list(Platform)),
        version_name=r.choice([*VERSIONS, BUILTIN]),
        native=r.choice(VERSIONS),
        plugin=r.choice(PLUGINS),
        is_emulator=not _often(r),
        is_prod=_often(r),
        default_channel=r.choice(["", "", "", *NAMES, "nowhere"]),
        custom_id=r.choice(["", "ada", "bob"]),
        key_id=r.choice(["", "", "mine", "theirs"]),
    )


def _bundle(r: Random, version: str) -> Bundle:
    """A bundle in any of its forms, none of them included."""
    return Bundle(
        APP.id,
        VERSIONS.index(version) + 1,
        version,
        HASH,
        "test",
        NOW,
        zip=HASH if _often(r) else None,
        external_url=None if _often(r) else "https://cdn.example.com/b.zip",
        key_id=r.choice(["", "theirs"]),
        manifest=r.choice([(), (File("a.js", HASH, HASH, 1),)]),
        min_native=r.choice([None, None, "1.0.0", "2.0.0"]),
        session_key=r.choice(["", "aXY=:a2V5"]),
        link=r.choice(["", "https://example.com"]),
    )


def _bundled(r: Random) -> list[Bundle]:
    return [_bundle(r, version) for version in VERSIONS if _often(r)]


def _rollout(r: Random, channel: int) -> Rollout:
    return Rollout(
        id=f"rollout-{channel}",
        app_id=APP.id,
        channel=channel,
        version=r.choice(VERSIONS),
        previous=None,
        started_at=NOW,
        changed_at=NOW,
        state=r.choice([State.RUNNING, State.PAUSED]),
        share_bps=r.randint(0, WHOLE),
        audience=_audience(r),
    )


def _view(r: Random) -> AppView:
    """An app with up to three channels, rollouts under way, and devices that were put somewhere."""
    channels = [
        Channel(APP.id, n, name, NOW, r.choice([*VERSIONS, BUILTIN, None]), _settings(r))
        for n, name in enumerate(_some(r, NAMES), 1)
    ]
    return arranged(
        App(APP.id, APP.project_id, APP.name, NOW, AppSettings(expose_metadata=r.random() < 0.5)),
        channels,
        [_rollout(r, c.number) for c in _some(r, channels)],
        _bundled(r),
        [
            Override(APP.id, device, r.randint(1, 4), r.random() < 0.5, NOW, r.choice([None, NOW, NOW + 1]))
            for device in _some(r, DEVICES[:2])
        ],
        {"staff": frozenset({"ada"})},
    )


asks = _drawn(_ask)
settings = _drawn(_settings)
rollouts = _drawn(lambda r: _rollout(r, 1))
bundled = _drawn(_bundled)
views = _drawn(_view)
