"""What was typed is no passcode: it is said which way, and no try is counted."""

import pytest

from ecrin.vault.errors import InvalidConfig, PasscodeMissing
from ecrin.vault.keeping.asking import MAX_TYPED, normal
from vault.core.conftest import PASSCODE, Bench, Made


@pytest.mark.parametrize("typed", ["", b""])
async def test_nothing_opens_nothing_and_is_not_counted(made: Made, typed: str) -> None:
    vault = await made()
    await vault.lock()
    with pytest.raises(PasscodeMissing, match="Nothing was typed") as refused:
        await vault.unlock(typed)
    assert "not counted" in refused.value.advice
    assert [slot.failures for slot in await vault.slots()] == [0]


async def test_nothing_that_was_typed_is_not_counted(made: Made) -> None:
    vault = await made()
    await vault.lock()
    vault.on_passcode_requested(lambda _: "")
    with pytest.raises(PasscodeMissing):
        await vault.unlock()
    assert [slot.failures for slot in await vault.slots()] == [0]


async def test_a_vault_is_not_made_with_an_empty_passcode(bench: Bench) -> None:
    with pytest.raises(PasscodeMissing):
        await bench.vault().initialize(PASSCODE, "")
    assert bench.files() == []


def test_what_is_too_long_is_told_to_be_shorter() -> None:
    with pytest.raises(InvalidConfig, match="1 to 4096") as refused:
        normal("x" * (MAX_TYPED + 1))
    assert "shorter" in refused.value.advice


@pytest.mark.parametrize("typed", [1234, ["1"], True])
def test_what_is_no_text_is_no_passcode(typed: str) -> None:
    """`bytes(1234)` are as many zeros: they would be a passcode."""
    with pytest.raises(InvalidConfig, match="is a text"):
        normal(typed)


def test_what_was_asked_for_is_named() -> None:
    with pytest.raises(PasscodeMissing, match="a PIN has"):
        normal("", what="PIN")


async def test_an_empty_passcode_does_not_stand_for_any_other_way_in(made: Made) -> None:
    vault = await made()
    await vault.add_slot("key-store")
    await vault.lock()
    with pytest.raises(PasscodeMissing):
        await vault.unlock("")
    assert await vault.is_locked()
