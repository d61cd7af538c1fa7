"""What holds for every question to every app."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from semver import Version

from ecrin.updates.bundles.model import BUILTIN, Bundle
from ecrin.updates.channels.model import Audience, Channel, ChannelSettings, Limit
from ecrin.updates.devices.model import Override, Platform
from ecrin.updates.resolution.arrangement import arranged
from ecrin.updates.resolution.model import AppView, Ask, Kind, Offer, Refusal, Reset, Via
from ecrin.updates.resolution.rules import decide, held, resolve
from ecrin.updates.rollout.model import WHOLE, Rollout
from updates.resolution.drawn import APP, NOW, asks, bundled, rollouts, settings, views


@given(asks, views)
def test_a_refusal_always_has_a_kind_and_a_sentence(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Refusal):
        assert answer.error
        assert answer.message
        assert answer.kind in set(Kind)
        assert not {"error", "kind", "message"} & set(answer.extra)


@given(asks, views)
def test_the_same_question_has_the_same_answer(ask: Ask, view: AppView) -> None:
    assert decide(ask, view, NOW) == decide(ask, view, NOW)


@given(asks, views)
def test_only_a_device_that_runs_the_target_is_up_to_date(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Refusal) and answer.kind is Kind.UP_TO_DATE:
        found = resolve(ask, view, NOW)
        assert found is not None
        rollout = view.rollouts.get(found[0].number)
        targets = {found[0].version, rollout.version if rollout else None}
        assert ask.current in targets or (answer.error == "already_on_builtin" and BUILTIN in targets)


@given(asks, views)
def test_nothing_is_offered_that_the_channel_does_not_allow(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Refusal):
        return
    rules = answer.channel.settings
    assert getattr(rules, ask.platform.value)
    assert rules.allow_emulator if ask.is_emulator else rules.allow_device
    assert rules.allow_prod if ask.is_prod else rules.allow_dev


@given(asks, views)
def test_no_version_is_offered_beyond_the_limits(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if not isinstance(answer, Offer):
        return
    rules = answer.channel.settings
    target, native = Version.parse(answer.bundle.version), Version.parse(ask.native)
    assert not (rules.disable_auto_update is Limit.MAJOR and target.major > native.major)
    assert not (rules.disable_auto_update is Limit.MINOR and target.to_tuple()[:2] != native.to_tuple()[:2])
    assert not (rules.disable_auto_update is Limit.PATCH and target.to_tuple()[:3] != native.to_tuple()[:3])
    assert not (rules.disable_auto_update_under_native and target < native)
    assert answer.bundle.min_native is None or Version.parse(answer.bundle.min_native) <= native
    assert answer.bundle.version != ask.current


@given(asks, views)
def test_a_private_channel_reaches_only_who_was_put_on_it(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Refusal) or held(view, ask.device_id, NOW):
        return
    rules = answer.channel.settings
    assert rules.public or (rules.allow_device_self_set and ask.default_channel == answer.channel.name)


@given(asks, views)
def test_an_offer_has_a_form_that_the_device_can_install(ask: Ask, view: AppView) -> None:
    answer = decide(ask, view, NOW)
    if isinstance(answer, Offer):
        assert answer.zip or answer.manifest
        assert not answer.zip or answer.bundle.zip or answer.bundle.external_url
        assert not answer.manifest or answer.bundle.manifest
        assert not (answer.manifest and answer.bundle.external_url)
        if ask.platform is Platform.ELECTRON or ask.plugin < (5, 10, 0):
            assert answer.zip
            assert not answer.manifest


@given(asks, views)
def test_electron_is_never_told_to_reset(ask: Ask, view: AppView) -> None:
    assert ask.platform is not Platform.ELECTRON or not isinstance(decide(ask, view, NOW), Reset)


@given(asks, bundled, rollouts, settings)
def test_a_device_on_the_rollout_version_keeps_it(
    ask: Ask, published: list[Bundle], rollout: Rollout, rules: ChannelSettings
) -> None:
    """Paused, shrunk to nothing, or for others only: nobody flips back while the rollout is under way."""
    channel = Channel(APP.id, 1, "production", NOW, "0.9.0", rules)
    override = Override(APP.id, ask.device_id, 1, self_set=False, set_at=NOW)
    view = arranged(APP, [channel], [rollout], published, [override])
    answer = decide(replace(ask, version_name=rollout.version), view, NOW)
    assert isinstance(answer, Refusal)
    assert answer.error in {"no_new_version_available", "no_bundle", "key_id_mismatch"}


@given(st.integers(0, WHOLE), st.integers(0, WHOLE), st.uuids(version=4))
def test_a_greater_share_takes_nobody_out(one: int, other: int, device: object) -> None:
    published = [Bundle(APP.id, 1, version, "0" * 64, "test", NOW, zip="0" * 64) for version in ("1.0.1", "1.0.2")]
    channel = Channel(APP.id, 1, "production", NOW, "1.0.1", ChannelSettings(public=True))
    ask = Ask(APP.id, str(device), Platform.ANDROID, "builtin", "1.0.0", (8, 51, 23))
    offered = []
    for share in sorted([one, other]):
        rollout = Rollout("r", APP.id, 1, "1.0.2", "1.0.1", NOW, NOW, share_bps=share)
        answer = decide(ask, arranged(APP, [channel], [rollout], published), NOW)
        assert isinstance(answer, Offer)
        offered.append(answer.bundle.version)
    assert offered in (["1.0.1", "1.0.1"], ["1.0.1", "1.0.2"], ["1.0.2", "1.0.2"])


@given(asks, views)
def test_an_override_that_is_over_is_as_none(ask: Ask, view: AppView) -> None:
    over = {d: replace(o, expires_at=NOW) for d, o in view.overrides.items()}
    assert resolve(ask, replace(view, overrides=over), NOW) == resolve(ask, replace(view, overrides={}), NOW)


@given(asks, views, st.booleans(), settings)
def test_an_override_wins_whatever_the_device_says(
    ask: Ask, view: AppView, self_set: bool, rules: ChannelSettings
) -> None:
    channel = Channel(APP.id, 9, "inside", NOW, None, rules)
    override = Override(APP.id, ask.device_id, 9, self_set, NOW)
    channels = {**view.channels, 9: channel}
    found = resolve(ask, replace(view, channels=channels, overrides={ask.device_id: override}), NOW)
    assert found == (channel, Via.SELF_SET if self_set else Via.OVERRIDE)


@given(asks, views, st.sampled_from(["alpha", "beta", "production", "nowhere"]))
def test_a_channel_that_is_named_has_no_stand_in(ask: Ask, view: AppView, name: str) -> None:
    found = resolve(replace(ask, default_channel=name), replace(view, overrides={}), NOW)
    assert found is None or found[0].name == name


@given(asks, st.lists(settings, max_size=4))
def test_the_public_channel_is_the_first_for_the_device(ask: Ask, drawn: list[ChannelSettings]) -> None:
    """Those for some in particular are asked before those for everybody; among equals the lowest name."""
    channels = [Channel(APP.id, n, f"c{n}", NOW, None, s) for n, s in enumerate(drawn, 1)]
    ask = replace(ask, default_channel="", custom_id="ada")
    fit = [
        c
        for c in channels
        if c.settings.public and getattr(c.settings, ask.platform.value) and _names(c.settings.audience, "ada")
    ]
    best = sorted(fit, key=lambda c: (c.settings.audience == Audience(), c.name))
    found = resolve(ask, arranged(APP, channels, groups={"staff": frozenset({"ada"})}), NOW)
    assert (found and found[0]) == (best[0] if best else None)


def _names(audience: Audience, custom_id: str) -> bool:
    return audience == Audience() or custom_id in audience.custom_ids or "staff" in audience.groups
