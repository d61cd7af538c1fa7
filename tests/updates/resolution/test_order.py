"""The order of protocol sheet §2.1: with everything wrong at once the first step answers; mended, the next one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ecrin.updates.bundles.model import Bundle, File
from ecrin.updates.channels.model import Audience, Channel, ChannelSettings, Limit, Package
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.resolution.arrangement import arranged
from ecrin.updates.resolution.model import Ask, Offer, Refusal, Reset
from ecrin.updates.resolution.rules import decide
from updates.resolution.drawn import APP, NOW

HASH = "0" * 64
WORST = ChannelSettings(
    android=False,
    allow_prod=False,
    allow_device=False,
    disable_auto_update=Limit.MAJOR,
    update_package=Package.ZIP,
)
DEVICE = "0a1b2c3d-0000-4000-8000-000000000001"


def _steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each step: the code that answers, what mends it (of the ask, the bundle, the channel), and how."""
    yield "key_id_mismatch", "bundle", {"key_id": ""}
    yield "no_new_version_available", "ask", {"version_name": "0.5.0"}
    yield "disabled_platform_android", "channel", {"android": True}
    yield "disable_auto_update_to_major", "channel", {"disable_auto_update": Limit.MINOR}
    yield "disable_auto_update_to_minor", "channel", {"disable_auto_update": Limit.PATCH}
    yield "disable_auto_update_to_patch", "channel", {"disable_auto_update": Limit.VERSION_NUMBER}
    yield "misconfigured_channel", "bundle", {"min_native": "1.5.0"}
    yield "disable_auto_update_to_metadata", "bundle", {"min_native": "1.0.0"}
    yield "disable_auto_update_under_native", "channel", {"disable_auto_update_under_native": False}
    yield "disable_prod_build", "channel", {"allow_prod": True}
    yield "disable_device", "channel", {"allow_device": True}
    yield "no_url_or_manifest", "channel", {"update_package": Package.ALL}


def test_the_first_step_that_refuses_answers() -> None:
    """The version falls below the native one where that is what is asked about."""
    ask = Ask(APP.id, DEVICE, Platform.ANDROID, "2.0.0", "1.0.0", (8, 51, 23), key_id="mine")
    bundle = Bundle(APP.id, 1, "2.0.0", HASH, "test", NOW, key_id="theirs", manifest=(File("a.js", HASH, HASH, 1),))
    channel = Channel(APP.id, 1, "production", NOW, "2.0.0", WORST)
    seen = []
    for code, what, mended in _steps():
        if code == "disable_auto_update_under_native":  # the target was above the native version until here
            bundle, channel = replace(bundle, version="0.9.0"), replace(channel, version="0.9.0")
        answer = _answer(ask, bundle, channel)
        assert isinstance(answer, Refusal)
        seen.append(answer.error)
        ask = replace(ask, **mended) if what == "ask" else ask
        bundle = replace(bundle, **mended) if what == "bundle" else bundle
        if what == "channel":
            channel = replace(channel, settings=replace(channel.settings, **mended))
    assert seen == [code for code, _, _ in _steps()]
    assert isinstance(_answer(ask, bundle, channel), Offer)


def test_the_next_major_is_refused_before_the_audience() -> None:
    settings = ChannelSettings(public=True, audience=Audience(frozenset({"ada"})))
    bundle = Bundle(APP.id, 1, "2.0.0", HASH, "test", NOW, zip=HASH)
    view = arranged(APP, [Channel(APP.id, 1, "beta", NOW, "2.0.0", settings)], (), [bundle])
    ask = Ask(APP.id, DEVICE, Platform.ANDROID, "1.0.0", "1.0.0", (8, 51, 23), default_channel="beta")
    assert _code(decide(ask, view, NOW)) == "disable_auto_update_to_major"
    assert _code(decide(replace(ask, native="2.0.0"), view, NOW)) == "cannot_update_via_private_channel"


def _answer(ask: Ask, bundle: Bundle, channel: Channel) -> object:
    override = Override(APP.id, DEVICE, 1, self_set=False, set_at=NOW)
    return decide(ask, arranged(APP, [channel], (), [bundle], [override]), NOW)


def _code(answer: object) -> str:
    assert isinstance(answer, Refusal)
    return answer.error


def test_electron_is_not_told_to_go_back_to_builtin() -> None:
    """Protocol sheet §2.3: it can install an archive and nothing else."""
    channel = Channel(APP.id, 1, "production", NOW, "builtin", ChannelSettings(public=True))
    view = arranged(APP, [channel], (), [])
    ask = Ask(APP.id, DEVICE, Platform.ELECTRON, "1.1.0", "1.0.0", (0, 0, 1))
    assert _code(decide(ask, view, NOW)) == "no_bundle_url"
    assert _code(decide(replace(ask, version_name="1.0.0"), view, NOW)) == "already_on_builtin"
    assert decide(replace(ask, platform=Platform.IOS, plugin=(8, 51, 23)), view, NOW) == Reset(channel)


def test_electron_is_not_offered_a_sealed_archive_elsewhere() -> None:
    """It would download that at each check and refuse it: it compares the hash of the sealed bytes."""
    url = "https://cdn.example.com/a.zip"
    sealed = Bundle(APP.id, 1, "1.1.0", HASH, "test", NOW, external_url=url, session_key="k")
    channel = Channel(APP.id, 1, "production", NOW, "1.1.0", ChannelSettings(public=True))
    ask = Ask(APP.id, DEVICE, Platform.ELECTRON, "1.0.0", "1.0.0", (0, 0, 1))
    assert _code(decide(ask, arranged(APP, [channel], (), [sealed]), NOW)) == "no_bundle_url"
    plain = arranged(APP, [channel], (), [replace(sealed, session_key="")])
    assert isinstance(decide(ask, plain, NOW), Offer)
    phone = replace(ask, platform=Platform.IOS, plugin=(8, 51, 23))
    assert isinstance(decide(phone, arranged(APP, [channel], (), [sealed]), NOW), Offer)
