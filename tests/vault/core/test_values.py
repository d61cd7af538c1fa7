"""What an app keeps comes back as it was, and what has no room is refused and leaves nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecrin.vault.errors import InvalidEntry, VaultDamaged, VaultLocked, VaultNotInitialized
from ecrin.vault.format.entries import MAX_NAME, MAX_VALUE, Kind, Plain
from ecrin.vault.model import VaultConfig, VaultType
from ecrin.vault.values import plain, value_of
from vault.core.conftest import Bench, Made

texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.binary() | texts | json_values)
def test_a_value_comes_back_as_it_was(value: object) -> None:
    assert value_of(plain("name", value)) == value  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object(), "\ud800", {"a": b"bytes"}])
def test_what_is_no_value_is_refused(value: object) -> None:
    with pytest.raises(InvalidEntry):
        plain("name", value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [{1: 2}, {True: 1}, {None: 1}, (1, 2), [(1, 2)], {"a": {"b": (1,)}}])
def test_what_json_would_change_is_refused(value: object) -> None:
    with pytest.raises(InvalidEntry, match="come back"):
        plain("name", value)  # type: ignore[arg-type]


def test_a_value_that_is_none_is_not_blamed_on_its_name() -> None:
    with pytest.raises(InvalidEntry, match="NaN") as refused:
        plain("name", float("nan"))
    assert "name" not in refused.value.advice


@pytest.mark.parametrize("name", ["", "n" * (MAX_NAME + 1), "\ud800", 7])
def test_a_name_that_is_none_is_not_blamed_on_its_value(name: str) -> None:
    with pytest.raises(InvalidEntry, match="of 1 to 1,024 bytes") as refused:
        plain(name, "value")
    assert refused.value.advice == "Choose another name."


def test_what_is_too_large_belongs_elsewhere() -> None:
    with pytest.raises(InvalidEntry, match="16 MiB") as refused:
        plain("name", bytes(MAX_VALUE + 1))
    assert "a file of its own" in refused.value.advice


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.JSON])
def test_bytes_that_are_not_what_their_kind_says_are_damage(kind: Kind) -> None:
    with pytest.raises(VaultDamaged):
        value_of(Plain("name", kind, b"\xff"))


async def test_values_are_there_after_the_process_has_ended(bench: Bench, made: Made) -> None:
    vault = await made()
    await vault.set_values({"token": "s3cret", "profile": {"name": "Ada", "tags": [1, None, True]}, "key": b"\0\1"})
    await vault.close()
    again = bench.vault()
    await again.initialize(VaultConfig())
    await again.unlock("1234")
    assert await again.get_keys() == ["key", "profile", "token"]
    assert await again.get_value("token") == "s3cret"
    assert await again.get_value("profile") == {"name": "Ada", "tags": [1, None, True]}
    assert await again.get_value("key") == b"\0\1"


async def test_a_name_that_holds_nothing_gives_none(made: Made) -> None:
    assert await (await made()).get_value("nothing") is None


async def test_a_value_is_replaced(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "old")
    await vault.set_value("token", "new")
    assert (await vault.get_value("token"), await vault.get_keys()) == ("new", ["token"])


async def test_a_value_is_removed_and_removing_it_again_is_no_error(made: Made) -> None:
    vault = await made()
    await vault.set_value("token", "s3cret")
    await vault.remove_value("token")
    await vault.remove_value("token")
    assert (await vault.get_value("token"), await vault.is_empty()) == (None, True)


@pytest.mark.parametrize("name", ["", "n" * (MAX_NAME + 1), 7])
async def test_of_several_values_one_that_has_no_room_keeps_all_out(made: Made, name: str) -> None:
    vault = await made()
    with pytest.raises(InvalidEntry):
        await vault.set_values({"good": "value", name: "value"})
    assert await vault.is_empty()


@pytest.mark.parametrize("name", ["", "n" * (MAX_NAME + 1), 7, "\ud800"])
async def test_what_is_no_name_is_neither_read_nor_removed(made: Made, name: str) -> None:
    vault = await made()
    with pytest.raises(InvalidEntry):
        await vault.get_value(name)
    with pytest.raises(InvalidEntry):
        await vault.remove_value(name)


async def test_a_value_that_is_too_large_is_refused(made: Made) -> None:
    vault = await made()
    with pytest.raises(InvalidEntry):
        await vault.set_value("large", bytes(MAX_VALUE + 1))


async def test_the_file_shows_neither_names_nor_values(bench: Bench, made: Made) -> None:
    vault = await made()
    await vault.set_value("name-of-the-token", "s3cret-of-the-token")
    await vault.close()
    written = b"".join(path.read_bytes() for path in bench.files())
    assert b"name-of-the-token" not in written
    assert b"s3cret-of-the-token" not in written


async def test_the_file_is_its_owners_alone(bench: Bench, made: Made) -> None:
    await (await made()).set_value("token", "s3cret")
    assert {path.stat().st_mode & 0o777 for path in bench.files()} == {0o600}
    assert bench.files()[0].parent.stat().st_mode & 0o777 == 0o700


async def test_vaults_are_told_apart_by_their_keys(bench: Bench) -> None:
    one, two = bench.vault(), bench.vault()
    await one.initialize(VaultConfig(key="one"))
    await two.initialize(VaultConfig(key="two"))
    await one.set_value("token", "of one")
    assert (await one.get_value("token"), await two.get_value("token")) == ("of one", None)


async def test_two_objects_of_one_vault_see_each_others_values(bench: Bench) -> None:
    one, two = bench.vault(), bench.vault()
    await one.initialize(VaultConfig())
    await two.initialize(VaultConfig())
    await one.set_value("token", "first")
    assert await two.get_value("token") == "first"
    await two.set_value("token", "second")
    await two.remove_value("nothing")
    assert await one.get_value("token") == "second"
    await two.remove_value("token")
    assert await one.get_value("token") is None


@pytest.mark.parametrize("verb", ["set_value", "get_value", "remove_value", "get_keys"])
async def test_a_verb_before_initialize_says_so(bench: Bench, verb: str) -> None:
    arguments = {"set_value": ("a", "b"), "get_value": ("a",), "remove_value": ("a",), "get_keys": ()}[verb]
    with pytest.raises(VaultNotInitialized):
        await getattr(bench.vault(), verb)(*arguments)


@pytest.mark.parametrize("verb", ["set_value", "get_value", "remove_value", "get_keys"])
async def test_a_locked_vault_neither_reads_nor_writes(made: Made, verb: str) -> None:
    vault = await made()
    await vault.set_value("a", "before")
    await vault.lock()
    arguments = {"set_value": ("a", "after"), "get_value": ("a",), "remove_value": ("a",), "get_keys": ()}[verb]
    with pytest.raises(VaultLocked):
        await getattr(vault, verb)(*arguments)
    await vault.unlock("1234")
    assert await vault.get_value("a") == "before"


async def test_an_object_that_was_not_initialized_does_not_say_whether_its_vault_is_empty(bench: Bench) -> None:
    vault = bench.vault()
    with pytest.raises(VaultNotInitialized):
        await vault.is_empty()


@pytest.mark.parametrize("type_", [VaultType.SECURE_STORAGE, VaultType.IN_MEMORY])
async def test_whether_it_is_empty_is_told_by_every_type(bench: Bench, type_: VaultType) -> None:
    vault = bench.vault()
    await vault.initialize(VaultConfig(type=type_))
    assert await vault.is_empty()
    await vault.set_value("token", "s3cret")
    assert not await vault.is_empty()
