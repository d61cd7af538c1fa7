"""Names, settings and audiences of channels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.errors import InvalidRequest
from ecrin.updates.channels import rules
from ecrin.updates.channels.model import Audience, ChannelSettings, Limit, Package
from ecrin.updates.errors import InvalidChannelName

GROUPS = {"staff": frozenset({"ada"}), "empty": frozenset[str]()}


@pytest.mark.parametrize("name", ["production", "beta-2", "A", "1.x_y", "x" * 64])
def test_a_name_that_fits_into_a_path(name: str) -> None:
    rules.check_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "a/b", "a b", "a\n", "\u0430", "x" * 65, "a%", "a\0"])
def test_a_name_that_does_not(name: str) -> None:
    with pytest.raises(InvalidChannelName):
        rules.check_name(name)


def test_the_defaults_are_those_of_the_protocol() -> None:
    """Protocol sheet §6."""
    plain = ChannelSettings()
    assert (plain.public, plain.allow_device_self_set) == (False, False)
    assert (plain.ios, plain.android, plain.electron) == (True, True, True)
    assert (plain.allow_emulator, plain.allow_device, plain.allow_dev, plain.allow_prod) == (True, True, True, True)
    assert (plain.disable_auto_update, plain.disable_auto_update_under_native) == (Limit.MAJOR, True)
    assert (plain.update_package, plain.audience) == (Package.ALL, Audience())


def test_only_what_is_named_changes() -> None:
    after = rules.changed(ChannelSettings(), {"public": True, "disable_auto_update": "minor", "update_package": "zip"})
    assert after == ChannelSettings(public=True, disable_auto_update=Limit.MINOR, update_package=Package.ZIP)


@pytest.mark.parametrize(
    "changes",
    [
        {"unknown": True},
        {"public": 1},
        {"public": "true"},
        {"public": None},
        {"disable_auto_update": "sometimes"},
        {"disable_auto_update": ["major"]},
        {"update_package": None},
        {"audience": ["ada"]},
        {"audience_custom_ids": ["x" * 37]},
        {"audience_custom_ids": [""]},
        {"audience_custom_ids": ["a\nb"]},
        {"audience_groups": ["no group"]},
    ],
)
def test_a_change_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        rules.changed(ChannelSettings(), changes)


def test_the_halves_of_an_audience_change_each_for_itself() -> None:
    before = ChannelSettings(audience=Audience(frozenset({"ada"}), frozenset({"staff"})))
    after = rules.changed(before, {"audience_custom_ids": ["bob"]})
    assert after.audience == Audience(frozenset({"bob"}), frozenset({"staff"}))


@pytest.mark.parametrize(
    ("audience", "custom_id", "inside"),
    [
        (Audience(), "", True),
        (Audience(), "bob", True),
        (Audience(frozenset({"ada"})), "ada", True),
        (Audience(frozenset({"ada"})), "bob", False),
        (Audience(frozenset({"ada"})), "", False),
        (Audience(frozenset({"ada"})), "ADA", False),
        (Audience(frozenset({"ada"})), "a_a", False),
        (Audience(groups=frozenset({"staff"})), "ada", True),
        (Audience(groups=frozenset({"staff"})), "bob", False),
        (Audience(groups=frozenset({"empty"})), "ada", False),
        (Audience(groups=frozenset({"gone"})), "ada", False),
        (Audience(frozenset({"bob"}), frozenset({"staff"})), "ada", True),
    ],
)
def test_who_is_in_an_audience(audience: Audience, custom_id: str, inside: bool) -> None:
    assert rules.included(audience, custom_id, GROUPS) is inside


@given(st.text(max_size=20))
def test_no_claim_opens_an_audience_that_does_not_name_it(claim: str) -> None:
    assert rules.included(Audience(frozenset({"ada"}), frozenset({"staff"})), claim, GROUPS) is (claim == "ada")


def test_more_custom_ids_than_a_group_holds_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        rules.custom_ids_of(str(n) for n in range(rules.MAX_MEMBERS + 1))
